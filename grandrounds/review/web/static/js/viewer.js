// Evidence beside the item: each pane is an element of its own that starts when it is put into the page and
// cleans up when it is taken out, so pages that swap items need not know about it.
import { ClipPane } from "./viewer-clip.js";
import { FigurePane } from "./viewer-figure.js";
import { TextPane } from "./viewer-text.js";
import { VolumePane } from "./viewer-volume.js";

const panes = { "gr-text": TextPane, "gr-figure": FigurePane, "gr-clip": ClipPane, "gr-volume": VolumePane };
for (const [name, pane] of Object.entries(panes)) {
  if (!customElements.get(name)) customElements.define(name, pane);
}
