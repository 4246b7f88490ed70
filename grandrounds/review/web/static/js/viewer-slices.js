// Slices that the server draws, one picture a plane; boxes, cross and directions are drawn above them. A slice
// that is asked for while another is on its way waits; only the newest waits.

const SVG = "http://www.w3.org/2000/svg";
const GAP = 4;
const IN_PLANE = { 0: [1, 2], 1: [0, 2], 2: [0, 1] }; // the axes across and down the picture
const ENDS = ["LR", "PA", "IS"]; // the patient's directions at low and high indices

export class SliceView {
  constructor(pane) {
    this.pane = pane;
    this.turned = pane.told.space === "patient";
    this.leaving = new AbortController();
    this.root = document.createElement("div");
    this.root.className = "ev-planes";
    this.planes = new Map(pane.told.axes.map((axis) => [axis, this.plane(axis)]));
    pane.stage.replaceChildren(this.root);
    this.watch = new ResizeObserver(() => this.state && this.show(this.state));
    this.watch.observe(pane.stage);
  }

  close() {
    this.leaving.abort();
    this.watch.disconnect();
    this.root.remove();
  }

  reset() {}

  plane(axis) {
    const made = { axis, asked: "", root: document.createElement("figure"), frame: document.createElement("div") };
    made.root.className = "ev-plane";
    made.frame.className = "ev-plane-frame";
    made.picture = new Image();
    made.picture.alt = "";
    made.picture.draggable = false;
    made.over = document.createElementNS(SVG, "svg");
    made.over.setAttribute("aria-hidden", "true");
    made.caption = document.createElement("figcaption");
    made.frame.append(made.picture, made.over);
    made.root.append(made.frame, made.caption);
    const on = (name, action, options = {}) => made.frame.addEventListener(name, action, { signal: this.leaving.signal, ...options });
    on("wheel", (event) => this.wheel(event, axis), { passive: false });
    on("pointerdown", (event) => event.button === 0 && this.point(event, made));
    on("pointermove", (event) => event.buttons === 1 && this.point(event, made));
    this.root.append(made.root);
    return made;
  }

  // What is shown -----------------------------------------------------------------------------------------

  show(state) {
    this.state = state;
    const single = state.layout !== "all";
    const shown = [...this.planes.values()].filter((plane) => !single || state.layout === String(plane.axis));
    for (const plane of this.planes.values()) plane.root.hidden = !shown.includes(plane);
    this.arrange(shown);
    for (const plane of shown) {
      plane.root.classList.toggle("ev-active", plane.axis === state.axis && shown.length > 1);
      this.draw(plane);
    }
  }

  // As many columns as make the pictures largest; all at one scale, so that sizes can be compared.
  arrange(shown) {
    const { clientWidth: wide, clientHeight: high } = this.pane.stage;
    const sizes = shown.map(({ axis }) => this.size(axis));
    const scale = (columns) => {
      const rows = Math.ceil(shown.length / columns);
      const cell = [(wide - GAP * (columns - 1)) / columns, (high - GAP * (rows - 1)) / rows];
      return Math.min(...sizes.map(([x, y]) => Math.min(cell[0] / x, cell[1] / y)));
    };
    const columns = shown.map((_, number) => number + 1).reduce((best, one) => (scale(one) > scale(best) ? one : best), 1);
    this.root.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    for (const [number, plane] of shown.entries()) {
      plane.wide = Math.max(1, Math.round(sizes[number][0] * scale(columns)));
      plane.high = Math.max(1, Math.round(sizes[number][1] * scale(columns)));
      plane.frame.style.width = `${plane.wide}px`;
      plane.frame.style.height = `${plane.high}px`;
      plane.over.setAttribute("viewBox", `0 0 ${plane.wide} ${plane.high}`);
    }
  }

  // Millimetres across and down.
  size(axis) {
    return IN_PLANE[axis].map((one) => this.pane.state.shape[one] * (this.pane.told.spacing[one] || 1));
  }

  draw(plane) {
    const { axis } = plane;
    const index = this.state.place[axis];
    plane.caption.textContent = `${this.pane.text(`axis${axis}`)} ${index}/${this.state.shape[axis] - 1}`;
    plane.over.replaceChildren(...this.boxes(plane), ...this.cross(plane), ...this.letters(plane));
    const [x, y] = this.spot(plane, this.state.place.map((one) => one + 0.5));
    plane.frame.style.transformOrigin = `${x}px ${y}px`;
    plane.frame.style.transform = this.state.zoom > 1 ? `scale(${this.state.zoom})` : "";
    plane.wanted = this.address(axis, index);
    if (plane.wanted !== plane.asked) this.fetch(plane);
  }

  async fetch(plane) {
    if (plane.busy) return;
    plane.busy = true;
    while (plane.wanted !== plane.asked && !this.leaving.signal.aborted) {
      plane.asked = plane.wanted;
      const next = new Image();
      next.src = plane.asked;
      try {
        await next.decode();
        plane.picture.src = next.src;
        plane.picture.alt = plane.caption.textContent;
        plane.root.classList.remove("ev-failed");
      } catch {
        if (plane.wanted === plane.asked && !this.leaving.signal.aborted) {
          plane.root.classList.add("ev-failed");
          this.pane.say(this.pane.text("slice_failed"));
        }
      }
    }
    plane.busy = false;
    this.around(plane);
  }

  // The neighbours, so that the next step is there already.
  around(plane) {
    if (this.leaving.signal.aborted) return;
    for (const by of [1, -1]) {
      const index = this.state.place[plane.axis] + by;
      if (index >= 0 && index < this.state.shape[plane.axis]) new Image().src = this.address(plane.axis, index);
    }
  }

  address(axis, index) {
    const { window, mask, opacity, time } = this.state;
    const asked = new URLSearchParams();
    if (time) asked.set("time", time);
    if (window) {
      asked.set("center", window.center);
      asked.set("width", window.width);
    }
    if (mask) {
      asked.set("mask", mask.media);
      asked.set("opacity", opacity);
    }
    return this.pane.address(`/slice/${axis}/${index}?${asked}`);
  }

  // What lies above ---------------------------------------------------------------------------------------

  // Where a corner of a voxel is in the plane's picture; its centre is half a voxel further.
  spot(plane, corner) {
    const sides = [plane.wide, plane.high];
    return IN_PLANE[plane.axis].map((axis, number) => {
      const share = corner[axis] / this.state.shape[axis];
      return (this.turned ? 1 - share : share) * sides[number];
    });
  }

  cross(plane) {
    const [x, y] = this.spot(plane, this.state.place.map((one) => one + 0.5));
    return [
      element("line", { x1: x, y1: 0, x2: x, y2: plane.high, class: "ev-cross" }),
      element("line", { x1: 0, y1: y, x2: plane.wide, y2: y, class: "ev-cross" }),
    ];
  }

  boxes(plane) {
    if (!this.state.boxes) return [];
    const at = this.state.place[plane.axis];
    return this.pane.told.boxes
      .filter(({ voxels }) => voxels[plane.axis] <= at && at < voxels[plane.axis + 3])
      .flatMap((box) => boxDrawn(box, this.spot(plane, box.voxels.slice(0, 3)), this.spot(plane, box.voxels.slice(3))));
  }

  letters(plane) {
    if (!this.turned) return [];
    const [across, down] = IN_PLANE[plane.axis];
    const middle = [plane.wide / 2, plane.high / 2];
    return [
      [ENDS[across][1], 9, middle[1]],
      [ENDS[across][0], plane.wide - 9, middle[1]],
      [ENDS[down][1], middle[0], 14],
    ].map(([letter, x, y]) => element("text", { x, y, class: "ev-direction" }, letter));
  }

  // Pointing ----------------------------------------------------------------------------------------------

  point(event, plane) {
    const box = plane.picture.getBoundingClientRect();
    if (!box.width || !plane.asked) return;
    const shares = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const place = [...this.state.place];
    for (const [number, axis] of IN_PLANE[plane.axis].entries()) {
      const side = this.state.shape[axis];
      const along = Math.min(Math.max(Math.floor(shares[number] * side), 0), side - 1);
      place[axis] = this.turned ? side - 1 - along : along;
    }
    this.state.axis = plane.axis;
    this.pane.point(place);
  }

  wheel(event, axis) {
    event.preventDefault();
    this.rolled = (this.rolled ?? 0) + event.deltaY;
    const steps = Math.trunc(this.rolled / 40);
    if (!steps) return;
    this.rolled = 0;
    const place = [...this.state.place];
    place[axis] -= Math.sign(steps) * Math.min(Math.abs(steps), 3);
    this.state.axis = axis;
    this.pane.point(place);
  }
}

export function element(name, attributes, words = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = words;
  return made;
}

// A box's outline between two corners, and its name above it; both views draw it so.
export function boxDrawn(box, one, other, { left = 0, top = 0 } = {}) {
  const [x0, x1] = [one[0], other[0]].sort((a, b) => a - b);
  const [y0, y1] = [one[1], other[1]].sort((a, b) => a - b);
  const colour = `rgb(${box.colour.join(",")})`;
  const outline = element("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, stroke: colour, class: "ev-box" });
  if (!box.name) return [outline];
  return [outline, element("text", { x: Math.max(x0, left) + 2, y: Math.max(y0 - 4, top + 12), fill: colour, class: "ev-box-name" }, box.name)];
}
