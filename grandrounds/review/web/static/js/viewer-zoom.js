// A picture that is zoomed and moved within its stage: wheel, pinch, drag, double click, and by call.

const MOST = 16;
const STEP = 1.25;

export class Zoom {
  constructor(stage, { signal, changed = () => {} }) {
    this.stage = stage;
    this.sheet = stage.querySelector(".ev-sheet");
    this.changed = changed;
    this.fingers = new Map();
    const on = (name, action, options = {}) => stage.addEventListener(name, action, { signal, ...options });
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.fingers.delete(event.pointerId));
    on("dblclick", (event) => (this.scale > 1 ? this.fit() : this.by(2.5, event.clientX, event.clientY)));
    this.fit();
  }

  fit() {
    this.scale = 1;
    this.x = this.y = 0;
    this.apply();
  }

  in() {
    this.by(STEP);
  }

  out() {
    this.by(1 / STEP);
  }

  // Zoom so that the point under (clientX, clientY) stays; the stage's middle where none is given.
  by(factor, clientX, clientY) {
    const box = this.stage.getBoundingClientRect();
    const x = (clientX ?? box.left + box.width / 2) - box.left - box.width / 2;
    const y = (clientY ?? box.top + box.height / 2) - box.top - box.height / 2;
    const scale = Math.min(Math.max(this.scale * factor, 1), MOST);
    const real = scale / this.scale;
    this.x = x - (x - this.x) * real;
    this.y = y - (y - this.y) * real;
    this.scale = scale;
    this.apply();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.apply();
  }

  apply() {
    const { clientWidth: wide, clientHeight: high } = this.stage;
    const farX = (wide * (this.scale - 1)) / 2;
    const farY = (high * (this.scale - 1)) / 2;
    this.x = Math.min(Math.max(this.x, -farX), farX);
    this.y = Math.min(Math.max(this.y, -farY), farY);
    this.sheet.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.stage.classList.toggle("ev-zoomed", this.scale > 1);
    this.changed(this.scale);
  }

  wheel(event) {
    // A page that scrolls is not caught: only a zoomed picture, or the wheel with Ctrl (pinch on a touchpad).
    if (this.scale === 1 && event.deltaY > 0 && !event.ctrlKey) return;
    event.preventDefault();
    this.by(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.clientX, event.clientY);
  }

  down(event) {
    if (event.button > 0) return;
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.scale > 1 || this.fingers.size > 1) this.stage.setPointerCapture(event.pointerId);
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (this.fingers.size === 2) {
      const other = [...this.fingers].find(([id]) => id !== event.pointerId)[1];
      const far = (one) => Math.hypot(one.x - other.x, one.y - other.y);
      this.by(far(now) / Math.max(far(before), 1), (now.x + other.x) / 2, (now.y + other.y) / 2);
    } else if (this.scale > 1) {
      this.pan(now.x - before.x, now.y - before.y);
    }
    this.fingers.set(event.pointerId, now);
  }
}

// A stage as wide and high as its picture, within what the style sheet allows.
export function fitted(stage, ratio) {
  if (Number.isFinite(ratio) && ratio > 0) stage.style.aspectRatio = String(ratio);
}

// The keys of a zoomed picture; without zoom the arrows do nothing, so that they can scroll the page.
export function zoomKeys(zoom) {
  const move = (x, y) => () => (zoom().scale > 1 ? zoom().pan(x, y) : false);
  return {
    "+": () => zoom().in(),
    "=": () => zoom().in(),
    "-": () => zoom().out(),
    0: () => zoom().fit(),
    ArrowLeft: move(60, 0),
    ArrowRight: move(-60, 0),
    ArrowUp: move(0, 60),
    ArrowDown: move(0, -60),
  };
}
