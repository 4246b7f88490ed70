// Seconds that somebody looks at the item: the page is visible, and a key, pointer or wheel moved of late.
const IDLE = 60_000;
let seconds = 0, active = performance.now(), last = active;
const stir = () => { active = performance.now(); };
for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "scroll"])
  document.addEventListener(kind, stir, { capture: true, passive: true });
setInterval(() => {
  const now = performance.now(), step = Math.min((now - last) / 1000, 2);
  last = now;
  if (document.visibilityState === "visible" && now - active < IDLE) seconds += step;
}, 500);

export const start = (from) => { seconds = Number(from) || 0; last = performance.now(); stir(); };
export const read = () => Math.round(seconds * 10) / 10;
