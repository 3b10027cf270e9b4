// A picture with layers over it: heat in pixels of one token, boundaries, and the frames of anchor and cursor.

import { boundaryPath } from "./boundaries.js";
import { element, svgElement } from "./dom.js";

export function makeStage({ grey }) {
  const ground = element("img", { class: grey ? "ground grey" : "ground", alt: "", draggable: "false" });
  const heat = element("canvas", { class: "heat", "aria-hidden": "true" });
  const lines = svgElement("svg", { class: "lines", preserveAspectRatio: "none", "aria-hidden": "true" });
  lines.append(svgElement("path", { class: "halo" }), svgElement("path", { class: "line" }));
  const [pin, anchor, cursor] = ["pin", "anchor", "cursor"].map((name) =>
    element("div", { class: `mark ${name}`, hidden: true, "aria-hidden": "true" }),
  );
  const layers = element("div", { class: "layers" }, heat, lines, pin, cursor, anchor);
  const root = element("div", { class: "stage" }, ground, layers);
  return {
    root,
    ground,
    heat,
    layers,
    lines,
    marks: { pin, anchor, cursor },
    context: heat.getContext("2d"),
    grid: null,
    data: null,
  };
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
  stage.lines.setAttribute("viewBox", `0 0 ${width} ${height}`);
  for (const child of stage.lines.children) child.setAttribute("d", path);
}

// Paints levels (0 to 255, one per token) through a table of pixels.
export function paintHeat(stage, levels, table) {
  const pixels = new Uint32Array(stage.data.data.buffer);
  for (let n = 0; n < levels.length; n++) pixels[n] = table[levels[n]];
  stage.context.putImageData(stage.data, 0, 0);
}

// Frames a token, or takes the frame away if there is none.
export function placeMark(stage, name, position) {
  const mark = stage.marks[name];
  mark.hidden = !position;
  if (!position) return;
  const { height, width } = stage.grid;
  mark.style.width = `${100 / width}%`;
  mark.style.height = `${100 / height}%`;
  mark.style.left = `${(100 * position.column) / width}%`;
  mark.style.top = `${(100 * position.row) / height}%`;
}

// The token under a pointer, clamped to the grid.
export function tokenUnder(stage, event) {
  const box = stage.layers.getBoundingClientRect();
  const { height, width } = stage.grid;
  const at = (position, start, length, count) =>
    Math.max(0, Math.min(count - 1, Math.floor(((position - start) / length) * count)));
  return { row: at(event.clientY, box.top, box.height, height), column: at(event.clientX, box.left, box.width, width) };
}
