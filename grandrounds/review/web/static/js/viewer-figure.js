import { Pane, pressed } from "./viewer-base.js";
import { Zoom, fitted, zoomKeys } from "./viewer-zoom.js";

export class FigurePane extends Pane {
  start() {
    this.zooms = {};
    const shown = this.find(".ev-zoom");
    for (const stage of this.querySelectorAll(".ev-stage")) {
      this.zooms[stage.dataset.stage] = new Zoom(stage, {
        signal: this.leaving.signal,
        changed: (scale) => (shown.textContent = `${Math.round(scale * 100)}%`),
      });
    }
    this.side = "picture";
    const picture = this.find('[data-stage="picture"] img');
    if (picture?.getAttribute("width")) fitted(this.find('[data-stage="picture"]'), picture.getAttribute("width") / picture.getAttribute("height"));
    this.on(this, "click", (event) => this.act(event.target.closest("[data-do]")?.dataset.do));
  }

  zoom() {
    // The picture or the page, whichever is turned up.
    return this.zooms[this.side];
  }

  keys() {
    if (!this.zooms?.picture) return {};
    return {
      ...zoomKeys(() => this.zoom()),
      o: () => this.act("panels"),
      g: () => this.act(this.side === "picture" ? "page" : "picture"),
    };
  }

  act(what) {
    if (what === "in" || what === "out" || what === "fit") return this.zoom()[what]();
    if (what === "picture" || what === "page") return this.turn(what);
    if (what === "panels") return this.panels();
    return false;
  }

  turn(side) {
    const stage = this.find(`[data-stage="${side}"]`);
    if (!stage) return false;
    this.side = side;
    for (const one of this.querySelectorAll(".ev-stage")) one.hidden = one !== stage;
    for (const name of ["picture", "page"]) pressed(this.find(`[data-do="${name}"]`), name === side);
    const legend = this.find("[data-page-legend]");
    if (legend) legend.hidden = side !== "page";
    if (side === "page") this.load(stage);
    this.zoom().apply();
    return true;
  }

  goto(kind, which) {
    if (kind === "picture") this.turn("picture");
    else super.goto(kind, which);
  }

  load(stage) {
    const picture = stage.querySelector("img");
    if (!picture.dataset.src) return;
    this.on(picture, "load", () => fitted(stage, picture.naturalWidth / picture.naturalHeight));
    this.on(picture, "error", () => {
      stage.querySelector(".ev-sheet").hidden = true;
      stage.querySelector("[data-gone]").hidden = false;
    });
    picture.src = picture.dataset.src;
    delete picture.dataset.src;
  }

  panels() {
    const button = this.find('[data-do="panels"]');
    if (!button) return false;
    const off = this.classList.toggle("ev-bare");
    pressed(button, !off);
    return true;
  }
}
