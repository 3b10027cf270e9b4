// A picture with layers over it: heat in pixels of one token, boundaries, and the frames of anchor, pin and cursor.

import { boundaryPath, outlinePath } from "./boundaries.js";
import { element, svgElement } from "./dom.js";

const MARKS = ["pin", "anchor", "cursor"];
const OUTLINED = ["pin", "anchor"]; // what may be a region

// attributes: of the root element; grey: whether the picture is drawn without its colours.
export function makeStage({ class: name = "", ...attributes } = {}, { grey = false } = {}) {
  const ground = element("img", { class: grey ? "ground grey" : "ground", alt: "", draggable: "false" });
  const heat = element("canvas", { class: "heat", "aria-hidden": "true" });
  const lines = svgElement("svg", { class: "lines", preserveAspectRatio: "none", "aria-hidden": "true" });
  lines.append(svgElement("path", { class: "halo" }), svgElement("path", { class: "line" }));
  const outlines = Object.fromEntries(OUTLINED.map((mark) => [mark, makeOutline(mark)]));
  const marks = Object.fromEntries(MARKS.map((mark) => [mark, makeMark(mark)]));
  const layers = element("div", { class: "layers" }, heat, lines);
  layers.append(outlines.pin, outlines.anchor, marks.pin, marks.cursor, marks.anchor);
  const plane = element("div", { class: "plane" }, ground, layers);
  const root = element("div", { class: `stage ${name}`.trim(), ...attributes }, plane);
  const context = heat.getContext("2d");
  return { root, ground, heat, layers, lines, outlines, marks, context, grid: null, data: null };
}

// Lays the stage out for a block: the layers cover the part of the picture that its tokens cover.
export function fitStage(stage, picture, block) {
  const { height, width, token_pixels: pixels } = block;
  stage.root.style.aspectRatio = `${picture.width} / ${picture.height}`;
  stage.layers.style.width = `${(100 * width * pixels) / picture.width}%`;
  stage.layers.style.height = `${(100 * height * pixels) / picture.height}%`;
  stage.grid = { height, width };
  if (stage.heat.width !== width || stage.heat.height !== height) {
    stage.heat.width = width;
    stage.heat.height = height;
    stage.data = null;
  }
  stage.data ??= stage.context.createImageData(width, height);
  const path = boundaryPath(block);
  for (const drawn of [stage.lines, ...Object.values(stage.outlines)]) {
    drawn.setAttribute("viewBox", `0 0 ${width} ${height}`);
  }
  for (const child of stage.lines.children) child.setAttribute("d", path);
}

// Paints levels (0 to 255, one per token) through a table of pixels.
export function paintHeat(stage, levels, table) {
  const pixels = new Uint32Array(stage.data.data.buffer);
  for (let n = 0; n < levels.length; n++) pixels[n] = table[levels[n]];
  stage.context.putImageData(stage.data, 0, 0);
}

// Frames a region (see region.js), or takes the frame away if there is none.
export function markRegion(stage, name, region) {
  moveMark(stage, name, region?.token ?? null);
  const outline = stage.outlines[name];
  const path = region && !region.token ? (region.path ??= outlinePath(region.tokens, stage.grid)) : "";
  outline.toggleAttribute("hidden", !path);
  for (const child of outline.children) child.setAttribute("d", path);
}

// Frames a token, or takes the frame away if there is none.
export function moveMark(stage, name, token) {
  const mark = stage.marks[name];
  mark.hidden = !token;
  if (!token) return;
  const { height, width } = stage.grid;
  mark.style.width = `${100 / width}%`;
  mark.style.height = `${100 / height}%`;
  mark.style.left = `${(100 * token.column) / width}%`;
  mark.style.top = `${(100 * token.row) / height}%`;
}

// The token under a pointer, clamped to the grid.
export function tokenUnder(stage, event) {
  const box = stage.layers.getBoundingClientRect();
  const { height, width } = stage.grid;
  const indexAt = (offset, length, count) => Math.max(0, Math.min(count - 1, Math.floor((offset / length) * count)));
  return {
    row: indexAt(event.clientY - box.top, box.height, height),
    column: indexAt(event.clientX - box.left, box.width, width),
  };
}

function makeOutline(name) {
  const outline = svgElement("svg", { class: `outline ${name}-outline`, preserveAspectRatio: "none", hidden: true });
  outline.setAttribute("aria-hidden", "true");
  outline.append(svgElement("path", { class: "outline-edge" }), svgElement("path", { class: "outline-line" }));
  return outline;
}

function makeMark(name) {
  return element("div", { class: `mark ${name}`, hidden: true, "aria-hidden": "true" });
}
