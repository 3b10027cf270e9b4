// The elements of the panels, built once for a scene, and laid out anew for each block.

import { HINT, KEYS } from "./captions.js";
import { gradient, pixelTable } from "./colours.js";
import { element } from "./dom.js";
import { makeFigures } from "./figures.js";
import { arrange } from "./layout.js";
import { fitPanel, makePanel } from "./panel.js";
import { fitStage, makeStage } from "./stage.js";

export function makeView({ header, arrays }) {
  const { picture } = header;
  const source = URL.createObjectURL(new Blob([arrays.picture], { type: picture.type }));
  const picker = makePicker(header.alt);
  const panels = header.panels.map(makePanel);
  const figures = makeFigures(header);
  for (const stage of [picker.stage, ...panels.map((panel) => panel.stage)]) stage.ground.src = source;
  const side = element("div", { class: "side" }, picker.root, makeNumbers(figures));
  const body = element("div", { class: "body" }, side, ...panels.map((panel) => panel.root));
  arrange(body, picture);
  body.style.setProperty("--anchor", header.anchor_colour);
  body.style.setProperty("--gradient", gradient(arrays.colour_map));
  return { body, picker, panels, figures, picture, table: pixelTable(arrays.colour_map), source };
}

// Lays everything out for another block.
export function fitView(view, block) {
  fitStage(view.picker.stage, view.picture, block);
  for (const panel of view.panels) fitPanel(panel, view.picture, block);
}

// The picture on which the anchor is picked.
function makePicker(alt) {
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
  const root = element("section", { class: "panel chooser", "aria-label": "Picture" }, heading, note, stage.root);
  return { root, stage, note };
}

function makeNumbers(figures) {
  const keys = element("span", { class: "keys", text: KEYS });
  const hint = element("p", { class: "hint" }, element("span", { text: HINT }), " ", keys);
  return element("section", { class: "numbers", "aria-label": "Figures for the anchor" }, figures.root, hint);
}
