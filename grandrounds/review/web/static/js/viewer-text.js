import { Pane } from "./viewer-base.js";

// A text, and the pictures that the solver sees with it.
export class TextPane extends Pane {
  start() {
    this.pictures = [...this.querySelectorAll("[data-open]")];
    this.on(this, "click", (event) => {
      const picture = event.target.closest("[data-open]");
      if (picture) this.enlarge(picture);
    });
  }

  keys() {
    return { o: () => this.pictures.length > 0 && this.turn() };
  }

  goto(kind, which) {
    if (kind !== "picture") return super.goto(kind, which);
    return this.enlarge(this.pictures.find((one) => one.dataset.media === which), true);
  }

  // Each picture large in turn, then none.
  turn() {
    const large = this.pictures.findIndex((one) => one.parentElement.classList.contains("ev-large"));
    this.enlarge(this.pictures[large + 1] ?? this.pictures[large]);
    return true;
  }

  enlarge(picture, stay = false) {
    if (!picture) return;
    for (const one of this.pictures) {
      one.parentElement.classList.toggle("ev-large", one === picture && (stay || !one.parentElement.classList.contains("ev-large")));
    }
    picture.scrollIntoView({ block: "nearest" });
  }
}
