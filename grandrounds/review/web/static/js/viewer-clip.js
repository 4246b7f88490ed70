import { Pane, pressed } from "./viewer-base.js";
import { Zoom, fitted, zoomKeys } from "./viewer-zoom.js";

const SHORTEST = 350; // ms that a frame stays at least
const LONGEST = 2500;
const UNTIMED = 500;

export class ClipPane extends Pane {
  start() {
    this.frames = [...this.querySelectorAll("[data-frame]")];
    this.place = 0;
    const shown = this.find(".ev-zoom");
    this.zoom = new Zoom(this.find(".ev-stage"), {
      signal: this.leaving.signal,
      changed: (scale) => (shown.textContent = `${Math.round(scale * 100)}%`),
    });
    this.on(this, "click", (event) => {
      const frame = event.target.closest("[data-frame]");
      if (frame) this.show(this.frames.indexOf(frame));
      this.act(event.target.closest("[data-do]")?.dataset.do);
    });
    const film = this.find(".ev-film");
    if (film) this.on(film, "toggle", () => this.film(film));
    this.show(0);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  keys() {
    return {
      ...zoomKeys(() => this.zoom),
      ArrowLeft: () => this.go(-1),
      ArrowRight: () => this.go(1),
      " ": () => this.play(),
      s: () => this.slower(),
      f: () => this.act("film"),
    };
  }

  goto(kind, which) {
    const place = this.frames.findIndex((frame) => frame.dataset.media === which);
    if (kind !== "frame" || place < 0) return super.goto(kind, which);
    this.pause();
    this.show(place);
    return this.find(".ev-stage").scrollIntoView({ block: "nearest" });
  }

  act(what) {
    if (what === "in" || what === "out" || what === "fit") return this.zoom[what]();
    if (what === "play") return this.play();
    if (what === "back" || what === "on") return this.go(what === "on" ? 1 : -1);
    if (what === "film" && this.find(".ev-film")) this.find(".ev-film").open = !this.find(".ev-film").open;
    return what === "film";
  }

  go(by) {
    this.pause();
    this.show((this.place + by + this.frames.length) % this.frames.length);
    return true;
  }

  show(place) {
    const frame = this.frames[place];
    if (!frame) return;
    this.place = place;
    const picture = frame.querySelector("img");
    const shown = this.find("[data-shown]");
    shown.src = picture.src;
    shown.alt = picture.alt;
    for (const one of this.frames) pressed(one, one === frame);
    for (const cue of this.querySelectorAll(".ev-cue")) {
      const [from, to] = ["from", "to"].map((end) => Number(cue.className.match(`ev-${end}-(\\d+)`)?.[1]));
      cue.classList.toggle("ev-now", from <= place + 1 && place + 1 <= to);
    }
    if (picture.getAttribute("width")) fitted(this.find(".ev-stage"), picture.getAttribute("width") / picture.getAttribute("height"));
    const words = [...frame.querySelectorAll(".ev-frame-words > *")].map((one) => one.textContent).join(" · ");
    this.find(".ev-told").textContent = `${place + 1}/${this.frames.length}  ${words}`;
  }

  play() {
    if (this.timer) return this.pause();
    this.find('[data-do="play"]').textContent = this.dataset.playing;
    const on = () => {
      this.timer = setTimeout(() => {
        this.show((this.place + 1) % this.frames.length);
        on();
      }, this.wait());
    };
    on();
    return true;
  }

  pause() {
    this.stop();
    this.find('[data-do="play"]').textContent = this.dataset.paused;
    return true;
  }

  // How long the frame stays: the time to the next one, slowed down, within bounds.
  wait() {
    const from = (place) => Number(this.frames[place]?.dataset.from ?? NaN);
    const gap = (from(this.place + 1) - from(this.place)) * 1000;
    const slow = Number(this.find("[data-speed]").value);
    return Math.min(Math.max((gap || UNTIMED) * slow, SHORTEST), LONGEST * Math.max(slow / 2, 1));
  }

  slower() {
    const speed = this.find("[data-speed]");
    speed.selectedIndex = (speed.selectedIndex + 1) % speed.options.length;
    return true;
  }

  film(details) {
    const film = details.querySelector("video");
    if (!details.open) return film.pause();
    if (!film.dataset.src) return undefined;
    this.on(film, "error", () => {
      film.hidden = true;
      details.querySelector("[data-gone]").hidden = false;
    });
    film.src = film.dataset.src;
    delete film.dataset.src;
    film.load();
    return undefined;
  }
}
