// What all panes share: keys that count only while the focus is inside, quotes to jump to.

const TYPING = "input:not([type=checkbox]):not([type=range]), select, textarea, [contenteditable]";
const MOVING = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", " ", "Enter", "Home", "End"]);

export class Pane extends HTMLElement {
  connectedCallback() {
    if (this.leaving) return;
    this.leaving = new AbortController();
    // Keys count in the pane, and in the region beside the item that holds it.
    this.on(this.closest(".beside") ?? this, "keydown", (event) => this.key(event));
    this.on(document, "grandrounds:goto", (event) => {
      const { kind, mark, root } = event.detail;
      if (!root || root.contains(this)) this.goto(kind, mark.slice(mark.indexOf(":") + 1));
    });
    this.on(this, "click", (event) => {
      const jump = event.target.closest("[data-jump]");
      if (jump) this.jump(jump.dataset.jump);
    });
    this.start();
  }

  disconnectedCallback() {
    this.leaving?.abort();
    this.leaving = null;
    this.stop();
  }

  start() {}

  stop() {}

  // Show what an item's row names: a quote by its place, a box by its place, a picture by its hash.
  goto(kind, which) {
    if (kind === "quote") this.jump(String(Number(which) + 1));
  }

  // Names of keys to what they do; a subclass gives its own.
  keys() {
    return {};
  }

  on(target, name, action, options = {}) {
    target.addEventListener(name, action, { ...options, signal: this.leaving.signal });
  }

  find(selector) {
    return this.querySelector(selector);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const within = event.target.closest("input, select, textarea, button, summary, video, a[href]");
    if (!this.contains(event.target) && event.target !== event.currentTarget) return;
    if (event.target.closest(TYPING)) return;
    // A focused control keeps the keys that work it.
    if (within && within !== this && MOVING.has(event.key)) {
      const works = { INPUT: true, SUMMARY: " Enter", BUTTON: " Enter", A: "Enter", VIDEO: true }[within.tagName];
      if (works === true || (works && works.includes(event.key))) return;
    }
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = { j: () => this.step(event.shiftKey ? -1 : 1), ...this.keys() }[name];
    if (!action || action(event) === false) return;
    event.preventDefault();
    event.stopPropagation();
  }

  step(by) {
    const numbers = [...this.querySelectorAll("[data-jump]:not(:disabled)")].map((one) => one.dataset.jump);
    if (!numbers.length) return false;
    const place = numbers.indexOf(this.current);
    const next = place < 0 ? (by > 0 ? 0 : numbers.length - 1) : (place + by + numbers.length) % numbers.length;
    this.jump(numbers[next]);
    return true;
  }

  jump(number) {
    this.current = number;
    for (const mark of this.querySelectorAll(".ev-mark.ev-now")) mark.classList.remove("ev-now");
    const marks = this.querySelectorAll(`.ev-mark[data-quotes~="${CSS.escape(number)}"]`);
    for (const mark of marks) mark.classList.add("ev-now");
    for (const button of this.querySelectorAll("[data-jump]")) {
      if (button.dataset.jump === number) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    const folded = marks[0]?.closest("details:not([open])");
    if (folded) folded.open = true;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    marks[0]?.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  }
}

export function pressed(button, on) {
  button?.setAttribute("aria-pressed", on ? "true" : "false");
}
