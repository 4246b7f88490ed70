// The whole volume in NiiVue: radiological, in voxel space as the server draws it, so that both show the same.
// Boxes lie on a drawing above the canvas.

import { boxDrawn, element } from "./viewer-slices.js";

const SLICE_TYPES = { 2: 0, 1: 1, 0: 2, all: 3 }; // NiiVue counts axial, coronal, sagittal, several
const CROSS = 0.3; // voxels
const OWN_AXIS = [2, 1, 0]; // the array axis of NiiVue's slice types
let library = null;

export function hasWebGL() {
  try {
    const context = document.createElement("canvas").getContext("webgl2");
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return Boolean(context);
  } catch {
    return false;
  }
}

function niivue(address) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(globalThis.niivue);
    script.onerror = () => {
      library = null;
      script.remove();
      reject(new Error("the viewer could not be loaded"));
    };
    document.head.append(script);
  });
  return library;
}

export class GlView {
  static async open(pane, bytes) {
    const { Niivue, NVImage } = await niivue(pane.dataset.niivue);
    const view = new GlView(pane, NVImage);
    try {
      await view.begin(Niivue, bytes);
    } catch (error) {
      view.close();
      throw error;
    }
    return view;
  }

  constructor(pane, NVImage) {
    this.pane = pane;
    this.NVImage = NVImage;
    this.leaving = new AbortController();
    this.root = document.createElement("div");
    this.root.className = "ev-gl";
    this.canvas = document.createElement("canvas");
    this.over = element("svg", {});
    this.over.setAttribute("aria-hidden", "true");
    this.root.append(this.canvas, this.over);
  }

  async begin(Niivue, bytes) {
    const { told } = this.pane;
    this.nv = new Niivue({
      isRadiologicalConvention: told.space === "patient",
      isSliceMM: false,
      sagittalNoseLeft: true,
      backColor: [0, 0, 0, 1],
      crosshairColor: [1, 0.85, 0.3, 0.55],
      crosshairWidth: CROSS,
      crosshairGap: 4,
      show3Dcrosshair: false,
      multiplanarShowRender: 0,
      multiplanarPadPixels: 4,
      isNearestInterpolation: true,
      dragAndDropEnabled: false,
      viewModeHotKey: "",
      clipPlaneHotKey: "",
      logLevel: "silent",
      dragMode: 9,
      isCornerOrientationText: false,
      isOrientationTextVisible: told.space === "patient",
      loadingText: "",
      fontMinPx: 12,
      fontSizeScaling: 0.3,
    });
    // The canvas measures itself by its parent, so it is put where it will be seen.
    this.root.classList.add("ev-coming");
    this.pane.stage.append(this.root);
    await this.nv.attachToCanvas(this.canvas, false);
    const image = await this.NVImage.new(bytes, "volume.nii", "gray", 1, null, NaN, NaN, true, 0.02, false, false);
    this.image = image;
    this.nv.addVolume(image);
    this.nv.onLocationChange = (told) => this.located(told);
    const draw = this.nv.drawScene.bind(this.nv);
    this.nv.drawScene = (...given) => {
      const answer = draw(...given);
      this.boxes();
      this.windowed();
      return answer;
    };
    // The library focuses its canvas, whose keys mean other things: the pane keeps the focus.
    this.canvas.tabIndex = -1;
    this.canvas.focus = () => this.pane.focus({ preventScroll: true });
  }

  arrive() {
    this.root.classList.remove("ev-coming");
    this.pane.stage.replaceChildren(this.root);
    this.nv.resizeListener?.();
  }

  close() {
    this.leaving.abort();
    try {
      this.nv?.cleanup?.();
      this.nv?.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    } catch {
      // It is going away anyway.
    }
    this.root.remove();
    this.nv = null;
  }

  reset() {}

  show(state) {
    const { nv, image } = this;
    this.state = state;
    if (state.window) {
      const half = state.window.width / 2;
      const ends = [state.window.center - half, state.window.center + half];
      if (image.cal_min !== ends[0] || image.cal_max !== ends[1]) {
        [image.cal_min, image.cal_max] = ends;
        nv.updateGLVolume();
      }
    }
    if (image.frame4D !== state.time && image.nFrame4D > 1) nv.setFrame4D(image.id, state.time);
    const type = SLICE_TYPES[state.layout];
    if (nv.opts.sliceType !== type) nv.setSliceType(type);
    this.mask(state);
    nv.scene.crosshairPos = nv.vox2frac(state.place);
    nv.opts.crosshairWidth = CROSS / state.zoom;
    // Zoomed, the cross stays where it is on the screen.
    const [x, y, z] = nv.frac2mm(nv.scene.crosshairPos, 0, false);
    nv.scene.pan2Dxyzmm = [...[x, y, z].map((one) => one * (1 - state.zoom)), state.zoom];
    nv.drawScene();
  }

  async mask({ mask, opacity }) {
    const wanted = mask?.media ?? "";
    if (this.masking === wanted) {
      if (this.overlay && this.overlay.opacity !== opacity) this.nv.setOpacity(this.nv.getVolumeIndexByID(this.overlay.id), opacity);
      return;
    }
    this.masking = wanted;
    if (this.overlay) this.nv.removeVolume(this.overlay);
    this.overlay = null;
    if (!mask) return;
    try {
      const answer = await fetch(`${this.pane.dataset.base}/media/${mask.media}`, { signal: this.leaving.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const overlay = await this.NVImage.new(await answer.arrayBuffer(), "mask.nii", "gray", opacity, null, NaN, NaN, true);
      if (this.masking !== wanted || !this.nv) return;
      overlay.setColormapLabel(colours(mask));
      this.overlay = overlay;
      overlay.opacity = this.state.opacity;
      this.nv.addVolume(overlay);
      this.nv.drawScene();
    } catch (error) {
      if (!this.leaving.signal.aborted) console.warn("mask", error);
    }
  }

  value(place, time) {
    if (!this.image || this.image.hdr.datatypeCode === 128) return undefined;
    const found = this.image.getValue(...place, time);
    return Number.isFinite(found) ? found : null;
  }

  located({ vox, axCorSag }) {
    if (!this.state || !vox) return;
    const place = vox.slice(0, 3).map((one) => Math.round(one));
    if (place.every((one, axis) => one === this.state.place[axis])) return;
    if (OWN_AXIS[axCorSag] !== undefined) this.state.axis = OWN_AXIS[axCorSag];
    this.state.place = place;
    this.pane.tell();
  }

  // Dragging with the right button changes the window: the pane's numbers follow.
  windowed() {
    const { cal_min: low, cal_max: high } = this.image;
    const window = this.state?.window;
    if (!window || !(high > low)) return;
    const near = (one, other) => Math.abs(one - other) <= 1e-6 * window.width;
    if (near(low, window.center - window.width / 2) && near(high, window.center + window.width / 2)) return;
    this.pane.dragged({ center: (low + high) / 2, width: high - low });
  }

  // Outlines of the boxes that the shown slices cross, in the page's pixels, each within its tile.
  boxes() {
    const { nv, over, canvas } = this;
    if (!nv || !this.state) return;
    over.setAttribute("viewBox", `0 0 ${Math.max(canvas.clientWidth, 1)} ${Math.max(canvas.clientHeight, 1)}`);
    const tiles = this.state.boxes ? nv.screenSlices.filter((slice) => OWN_AXIS[slice.axCorSag] !== undefined) : [];
    over.replaceChildren(...tiles.map((slice) => this.tile(slice)));
  }

  tile(slice) {
    const axis = OWN_AXIS[slice.axCorSag];
    const at = this.state.place[axis];
    const [left, top, wide, high] = this.rectangle(slice);
    const tile = element("svg", { x: left, y: top, width: wide, height: high, viewBox: `${left} ${top} ${wide} ${high}` });
    for (const box of this.pane.told.boxes) {
      if (at < box.voxels[axis] || at >= box.voxels[axis + 3]) continue;
      const corners = [box.voxels.slice(0, 3), box.voxels.slice(3)].map((corner) => this.spot(slice, axis, corner));
      tile.append(...boxDrawn(box, ...corners, { left, top }));
    }
    return tile;
  }

  rectangle(slice) {
    const ratio = this.canvas.width / Math.max(this.canvas.clientWidth, 1);
    return slice.leftTopWidthHeight.slice(0, 4).map((one) => one / ratio);
  }

  // Where a voxel's corner is on the canvas, in a tile of the screen, which knows what millimetres it shows.
  spot(slice, axis, corner) {
    const [left, top, wide, high] = this.rectangle(slice);
    const place = this.nv.frac2mm(corner.map((one, along) => one / this.state.shape[along]), 0, false);
    const [x, y] = [0, 1, 2].filter((one) => one !== axis).map((one, side) => (place[one] - slice.leftTopMM[side]) / slice.fovMM[side]);
    return [left + x * wide, top + (1 - y) * high];
  }
}

function colours(mask) {
  const most = Math.max(1, ...mask.labels.map(([value]) => value));
  const table = { R: [], G: [], B: [], A: [], I: [], labels: [] };
  const known = new Map(mask.labels.map(([value, name, colour]) => [value, { name, colour }]));
  for (let value = 0; value <= most; value += 1) {
    const one = known.get(value);
    table.R.push(one?.colour[0] ?? 0);
    table.G.push(one?.colour[1] ?? 0);
    table.B.push(one?.colour[2] ?? 0);
    table.A.push(one ? 255 : 0);
    table.I.push(value);
    table.labels.push("");
  }
  return table;
}
