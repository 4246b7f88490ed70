// A volume: slices drawn by the server at once, the whole volume in NiiVue when it has come. Both are shown
// by "views" that are told what to show and tell where the reader points.
import { Pane } from "./viewer-base.js";
import { loadPieces } from "./viewer-load.js";
import { SliceView } from "./viewer-slices.js";
import { GlView, hasWebGL } from "./viewer-gl.js";

const MB = 1 << 20;

export class VolumePane extends Pane {
  start() {
    this.told = JSON.parse(this.dataset.told);
    this.words = JSON.parse(this.dataset.words);
    this.stage = this.find(".ev-volume-stage");
    const shape = [0, 1, 2].map((axis) => this.told.shape[axis] ?? 1);
    this.state = {
      shape,
      place: [...this.told.start],
      axis: this.told.cited[0]?.axis ?? this.told.axes[0],
      layout: this.told.axes.length > 1 ? "all" : String(this.told.axes[0]),
      window: null,
      boxes: Boolean(this.find("[data-boxes]")),
      mask: this.find("[data-mask]") ? this.told.masks[0] : null,
      opacity: 0.35,
      time: 0,
      zoom: 1,
    };
    if (!this.told.axes.includes(this.state.axis)) this.state.axis = this.told.axes[0];
    this.windows = [];
    this.controls();
    this.swatches();
    // Nothing is asked for before the pane can be seen: a page may hold the next item ready.
    this.watch = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        this.watch.disconnect();
        this.begin();
      }
    });
    this.watch.observe(this);
  }

  stop() {
    this.watch?.disconnect();
    this.view?.close();
    this.view = null;
    clearTimeout(this.asking);
  }

  begin() {
    this.view = new SliceView(this);
    this.show();
    this.presets();
    if (!hasWebGL()) this.say(this.words["evidence.volume.no_webgl"]);
    else if (this.told.atOnce) this.whole();
    else this.offer();
  }

  text(key, values = {}) {
    return Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), this.words[`evidence.volume.${key}`]);
  }

  address(path) {
    return `${this.dataset.base}/volume/${this.told.media}${path}`;
  }

  // Controls ----------------------------------------------------------------------------------------------

  controls() {
    const bind = (selector, name, action) => {
      const control = this.find(selector);
      if (control) this.on(control, name, () => action(control));
      return control;
    };
    bind("[data-layout]", "change", (one) => this.layout(one.value));
    bind("[data-window]", "change", (one) => this.preset(Number(one.value)));
    for (const end of ["center", "width"]) bind(`[data-${end}]`, "change", () => this.ownWindow());
    bind("[data-boxes]", "change", (one) => this.set({ boxes: one.checked }));
    bind("[data-mask]", "change", (one) => this.set({ mask: one.checked ? this.told.masks[0] : null }));
    bind("[data-opacity]", "input", (one) => this.set({ opacity: Number(one.value) }));
    bind("[data-time]", "input", (one) => this.moment(Number(one.value)));
    this.on(this, "click", (event) => {
      const cited = event.target.closest("[data-cited]");
      if (cited) this.cite(Number(cited.dataset.cited));
      const what = event.target.closest("[data-do]")?.dataset.do;
      if (what === "fit") this.reset();
      if (what === "engine") this.turn();
      const picture = event.target.closest("[data-open]");
      if (picture) picture.closest("figure").classList.toggle("ev-large");
    });
  }

  keys() {
    const arrow = (side, by, plain) => (event) => (event.shiftKey ? this.cross(side, by) : plain());
    const toggle = (selector) => () => {
      const control = this.find(selector);
      if (!control) return false;
      control.checked = !control.checked;
      control.dispatchEvent(new Event("change"));
      return true;
    };
    const fade = (by) => () => {
      const control = this.find("[data-opacity]");
      if (!control) return false;
      control.value = Number(control.value) + by;
      control.dispatchEvent(new Event("input"));
      return true;
    };
    return {
      ArrowUp: arrow(1, 1, () => this.slice(1)),
      ArrowDown: arrow(1, -1, () => this.slice(-1)),
      PageUp: () => this.slice(10),
      PageDown: () => this.slice(-10),
      ArrowLeft: arrow(0, -1, () => this.plane(-1)),
      ArrowRight: arrow(0, 1, () => this.plane(1)),
      o: () => this.nextOption("[data-layout]"),
      g: () => this.nextOption("[data-window]"),
      b: toggle("[data-boxes]"),
      m: toggle("[data-mask]"),
      "[": fade(-0.1),
      "]": fade(0.1),
      j: (event) => this.cite(event.shiftKey ? (this.citing ?? this.told.cited.length) - 1 : (this.citing ?? -1) + 1),
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      0: () => this.reset(),
      ",": () => this.moment(this.state.time - 1),
      ".": () => this.moment(this.state.time + 1),
    };
  }

  nextOption(selector) {
    const control = this.find(selector);
    if (!control?.options.length) return false;
    control.selectedIndex = (control.selectedIndex + 1) % control.options.length;
    control.dispatchEvent(new Event("change"));
    return true;
  }

  // What is shown -----------------------------------------------------------------------------------------

  set(changes) {
    Object.assign(this.state, changes);
    this.show();
    return true;
  }

  show() {
    this.view?.show(this.state);
    this.tell();
  }

  point(place) {
    const inside = place.map((one, axis) => Math.min(Math.max(Math.round(one), 0), this.state.shape[axis] - 1));
    return this.set({ place: inside });
  }

  slice(by) {
    const place = [...this.state.place];
    place[this.state.axis] += by;
    return this.point(place);
  }

  // Move the cross within the active plane: across (0) or down (1) the picture, as seen.
  cross(side, by) {
    const axis = [0, 1, 2].filter((one) => one !== this.state.axis)[side];
    const place = [...this.state.place];
    const turned = this.told.space === "patient";
    place[axis] += (turned ? 1 : -1) * (side === 0 ? -by : by);
    return this.point(place);
  }

  plane(by) {
    const axes = this.told.axes;
    const axis = axes[(axes.indexOf(this.state.axis) + by + axes.length) % axes.length];
    const single = this.state.layout !== "all";
    if (single && axes.length > 1) this.find("[data-layout]").value = String(axis);
    return this.set({ axis, layout: single ? String(axis) : "all" });
  }

  layout(value) {
    return this.set({ layout: value, axis: value === "all" ? this.state.axis : Number(value) });
  }

  cite(number) {
    const many = this.told.cited.length;
    if (!many) return false;
    this.citing = (number + many) % many;
    const cited = this.told.cited[this.citing];
    for (const button of this.querySelectorAll("[data-cited]")) {
      if (Number(button.dataset.cited) === this.citing) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    if (this.state.layout !== "all") this.find("[data-layout]").value = String(cited.axis);
    return this.set({
      place: [...cited.place],
      axis: cited.axis,
      layout: this.state.layout === "all" ? "all" : String(cited.axis),
    });
  }

  goto(kind, which) {
    if (kind === "box") {
      const box = this.told.boxes.find((one) => one.number === Number(which))?.voxels;
      if (box) this.point([0, 1, 2].map((axis) => Math.floor((box[axis] + box[axis + 3] - 1) / 2)));
    } else if (kind === "slice") {
      const number = this.told.cited.findIndex((one) => one.media === which);
      if (number >= 0) this.cite(number);
    }
    this.stage.scrollIntoView({ block: "nearest" });
  }

  zoom(factor) {
    return this.set({ zoom: Math.min(Math.max(this.state.zoom * factor, 1), 12) });
  }

  reset() {
    this.view?.reset();
    const first = this.find("[data-window]");
    if (this.windows.length) {
      first.selectedIndex = 0;
      this.preset(0);
    }
    return this.set({ place: [...this.told.start], zoom: 1 });
  }

  moment(time) {
    const last = this.told.times.length - 1;
    const control = this.find("[data-time]");
    if (last < 1 || !control) return false;
    const inside = Math.min(Math.max(time, 0), last);
    control.value = inside;
    control.parentElement.querySelector("output").textContent = `${this.told.times[inside]} ${this.told.timeUnit}`;
    return this.set({ time: inside });
  }

  // Windows -----------------------------------------------------------------------------------------------

  async presets() {
    try {
      const answer = await fetch(this.address(""), { signal: this.leaving.signal });
      if (!answer.ok) return;
      this.windows = await answer.json();
    } catch {
      return;
    }
    const control = this.find("[data-window]");
    for (const [number, one] of this.windows.entries()) {
      const known = this.words[`evidence.volume.window.${one.name.replaceAll(" ", "_")}`];
      const named = known ?? (one.name && one.name !== "percentiles" ? one.name : this.text("default_window"));
      control.add(new Option(named, number));
    }
    if (this.windows.length) this.preset(0);
  }

  preset(number) {
    const one = this.windows[number];
    if (!one) return;
    this.windowShown(one);
    this.set({ window: { center: one.center, width: one.width } });
  }

  ownWindow() {
    const [center, width] = ["center", "width"].map((end) => this.find(`[data-${end}]`).valueAsNumber);
    if (Number.isFinite(center) && width > 0) this.dragged({ center, width });
  }

  // A window that is none of the presets: typed, or dragged in the picture.
  dragged(window) {
    const control = this.find("[data-window]");
    if (![...control.options].some((one) => one.value === "-1")) control.add(new Option(this.text("own_window"), -1));
    control.value = "-1";
    this.windowShown(window);
    this.set({ window });
  }

  windowShown(window) {
    for (const end of ["center", "width"]) this.find(`[data-${end}]`).value = Number(window[end].toPrecision(4));
  }

  // The whole volume --------------------------------------------------------------------------------------

  size() {
    const bytes = this.told.bytes / MB;
    return bytes < 10 ? bytes.toFixed(1) : Math.round(bytes);
  }

  offer() {
    const button = this.find('[data-do="engine"]');
    button.hidden = false;
    button.textContent = this.text("whole", { all: this.size() });
  }

  turn() {
    if (this.view instanceof GlView) {
      this.view.close();
      this.view = new SliceView(this);
      this.find('[data-do="engine"]').textContent = this.text("smooth");
      this.show();
      return;
    }
    this.whole();
  }

  async whole() {
    if (this.loading) return;
    this.loading = true;
    const bar = this.find(".ev-loading");
    const button = this.find('[data-do="engine"]');
    button.hidden = true;
    bar.hidden = false;
    const progress = (done) => {
      bar.querySelector("progress").value = done / Math.max(this.told.bytes, 1);
      const shown = done / MB;
      bar.querySelector("span").textContent = this.text("loaded", { done: this.size() < 10 ? shown.toFixed(1) : Math.round(shown), all: this.size() });
    };
    const signal = this.leaving.signal;
    try {
      progress(0);
      this.bytes ??= await loadPieces(`${this.dataset.base}/media/${this.told.media}`, { size: this.told.bytes, signal, progress });
      const view = await GlView.open(this, this.bytes);
      if (signal.aborted) return view.close();
      this.view?.close();
      this.view = view;
      view.arrive();
      button.textContent = this.text("slices");
      button.hidden = false;
      this.show();
    } catch (error) {
      if (signal.aborted) return undefined;
      console.warn("volume", error);
      this.say(this.text("failed"));
      this.offer();
    } finally {
      this.loading = false;
      bar.hidden = true;
    }
    return undefined;
  }

  // Words -------------------------------------------------------------------------------------------------

  say(words) {
    this.said = words;
    this.tell();
  }

  // Place and value of the cross, and the boxes that it lies in.
  tell() {
    const { place, time } = this.state;
    const known = this.view?.value?.(place, time);
    if (known !== undefined) return this.write(known);
    clearTimeout(this.asking);
    this.write(undefined);
    this.asking = setTimeout(async () => {
      try {
        const answer = await fetch(this.address(`/value/${place.join("/")}?time=${time}`), { signal: this.leaving?.signal });
        if (answer.ok && place === this.state.place) this.write((await answer.json()).value);
      } catch {
        // The value is a help, not a need.
      }
    }, 120);
    return undefined;
  }

  write(value) {
    const { place } = this.state;
    const unit = { hu: " HU", suv: " SUV", dose_gy: " Gy" }[this.told.intensity] ?? "";
    const number = Array.isArray(value) ? value.join(", ") : typeof value === "number" ? String(Number(value.toPrecision(5))) : "";
    const inside = this.told.boxes
      .filter((box) => box.name && [0, 1, 2].every((axis) => box.voxels[axis] <= place[axis] && place[axis] < box.voxels[axis + 3]))
      .map((box) => box.name);
    const words = [`i ${place[0]}  j ${place[1]}  k ${place[2]}`, number && number + unit, inside.join(", "), this.said];
    this.find(".ev-told").textContent = words.filter(Boolean).join("  ·  ");
  }

  swatches() {
    const list = this.find("[data-swatches]");
    if (!list) return;
    for (const box of this.told.boxes) {
      const item = document.createElement("li");
      const colour = document.createElement("span");
      colour.className = "ev-swatch";
      colour.style.backgroundColor = `rgb(${box.colour.join(", ")})`;
      const role = this.words[`evidence.volume.role.${box.role}`] ?? box.role;
      item.append(colour, box.name ? `${box.name} (${role})` : role);
      list.append(item);
    }
  }
}
