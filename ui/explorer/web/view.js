// The elements of the panels, built once for a scene, and laid out anew for each block.

import { HINT, KEYS } from "./captions.js";
import { gradient, pixelTable } from "./colours.js";
import { element } from "./dom.js";
import { REGIONS } from "./region.js";
import { makeFigures } from "./figures.js";
import { fitPanel, makePanel, titlePanel } from "./panel.js";
import { fitStage, makeStage } from "./stage.js";

const REGION_NAMES = { token: "token", super: "super token", rectangle: "rectangle", segment: "segment" };

// chooseRegion(kind) when a person chooses what the anchor is.
export function makeView({ header, arrays }, chooseRegion) {
  const { picture } = header;
  const source = URL.createObjectURL(new Blob([arrays.picture], { type: picture.type }));
  const picker = makePicker(header.alt, chooseRegion);
  const panels = header.panels.map(makePanel);
  const figures = makeFigures(header);
  for (const stage of [picker.stage, ...panels.map((panel) => panel.stage)]) stage.ground.src = source;
  const maps = element("div", { class: "maps" }, ...panels.map((panel) => panel.root));
  const body = element("div", { class: "body" }, picker.root, maps);
  const numbers = makeNumbers(figures);
  body.style.setProperty("--anchor", header.anchor_colour);
  body.style.setProperty("--gradient", gradient(arrays.colour_map));
  return { body, numbers, picker, panels, figures, picture, table: pixelTable(arrays.colour_map), source };
}

// Lays everything out for another block.
export function fitView(view, block) {
  fitStage(view.picker.stage, view.picture, block);
  for (const panel of view.panels) {
    fitPanel(panel, view.picture, block);
    panel.root.hidden = isTrivial(panel, block);
  }
  const [own, global] = ["super", "global"].map((kind) => view.panels.find((panel) => panel.kind === kind));
  for (const panel of view.panels) titlePanel(panel, panel);
  if (global.root.hidden) titlePanel(own, global);
  view.figures.hideKind("global", global.root.hidden);
}

// Without super tokens a token is its own, and with cell 1 the block's attention is the global one.
function isTrivial({ kind }, { identity, own_windows: windows }) {
  return identity && (kind === "association" || (kind === "global" && !windows));
}

// The picture on which the anchor is picked.
function makePicker(alt, chooseRegion) {
  const stage = makeStage({
    class: "picker",
    tabindex: "0",
    role: "application",
    "aria-roledescription": "anchor picker",
    "aria-label": `${alt || "Picture"}. ${HINT} ${KEYS}`,
  });
  const note = element("p", { class: "note" });
  const dot = element("span", { class: "dot anchor-dot", "aria-hidden": "true" });
  const heading = element("h3", {}, dot, "Anchor");
  const attributes = { class: "kind", "aria-label": "What the anchor is", title: "What the anchor is" };
  const options = REGIONS.map((kind) => element("option", { value: kind, text: REGION_NAMES[kind] }));
  const kind = element("select", attributes, ...options);
  kind.addEventListener("change", () => chooseRegion(kind.value));
  const line = element("div", { class: "line-above" }, heading, kind, note);
  const root = element("section", { class: "panel chooser", "aria-label": "Picture" }, line, stage.root);
  return { root, stage, note, kind };
}

// Applies the settings for which nothing is computed.
export function dressView({ body }, { opacity, boundaries, outlines }) {
  body.style.setProperty("--heat", opacity);
  body.classList.toggle("bare-picture", !boundaries);
  body.classList.toggle("bare-maps", !outlines);
}

// Shows which kind of region is chosen; rectangles are drawn with a finger, too.
export function showRegionKind({ picker }, kind) {
  picker.kind.value = kind;
  picker.stage.root.classList.toggle("draws", kind === "rectangle");
}

function makeNumbers(figures) {
  const keys = element("span", { class: "keys", text: KEYS });
  const hint = element("p", { class: "hint" }, element("span", { text: HINT }), " ", keys);
  return element("section", { class: "numbers", "aria-label": "Figures for the anchor" }, figures.root, hint);
}
