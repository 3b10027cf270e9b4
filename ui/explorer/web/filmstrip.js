// The filmstrip: a small preview of every block for the current anchor, grouped by stage, and the play button.

import { capitalised } from "./captions.js";
import { element } from "./dom.js";
import { makePreview, previewAttention, previewShares } from "./preview.js";
import { toLevels, topOf } from "./scale.js";

// choose(index) is called when a person picks a block; play() when the button is pressed; `beside`: what stands in its row.
export function makeFilmstrip(scene, table, { choose, play, available, beside }) {
  const { blocks, picture } = scene.header;
  const frames = blocks.map((block, index) => makeFrame(scene, block, index, table));
  const stages = groupedByStage(frames).map(makeStageGroup);
  const button = makePlayButton(play);
  const list = element("div", { class: "film", role: "group", "aria-label": "Blocks in order of depth" }, ...stages);
  frames.forEach((frame, index) => {
    frame.root.disabled = !available(index);
    if (frame.root.disabled) frame.root.title = "Not in this file";
    frame.root.addEventListener("click", () => choose(index));
  });
  list.addEventListener("keydown", (event) => moveFocus(event, frames));
  const sizes = `--blocks:${frames.length};--stages:${stages.length};--ratio:${picture.width / picture.height}`;
  return {
    root: element(
      "div",
      { class: "strip", style: sizes },
      button,
      list,
      element("div", { class: "beside" }, ...beside),
    ),
    list,
    frames,
    button,
  };
}

// Paints every preview for the place of a region of a block.
export function paintFilmstrip(strip, region, block, incoming, scale) {
  const known = new Map(); // shares of the tokens, by the shape of a preview
  for (const frame of strip.frames) {
    const { preview, values, sorted, levels, pixels, table } = frame;
    const shape = `${preview.height} ${preview.width}`;
    if (!known.has(shape)) known.set(shape, previewShares(preview, region, block));
    previewAttention(preview, known.get(shape), incoming, values);
    if (scale === "rank") {
      sorted.set(values);
      sorted.sort();
    }
    toLevels(values, { scale, top: topOf(values), uniform: frame.uniform, sorted }, levels);
    for (let n = 0; n < levels.length; n++) pixels[n] = table[levels[n]];
    frame.context.putImageData(frame.data, 0, 0);
  }
}

// Marks the block that is shown; the strip scrolls, never the page.
export function markFrame(strip, current) {
  strip.frames.forEach(({ root }, index) => {
    if (index === current) root.setAttribute("aria-current", "true");
    else root.removeAttribute("aria-current");
    root.tabIndex = index === current ? 0 : -1;
  });
  const { list } = strip;
  const frame = strip.frames[current].root;
  const left = frame.offsetLeft - list.offsetLeft;
  if (left < list.scrollLeft || left + frame.offsetWidth > list.scrollLeft + list.clientWidth) {
    list.scrollLeft = left - list.clientWidth / 2;
  }
}

export function markPlaying({ button }, playing) {
  button.setAttribute("aria-pressed", String(playing));
  button.lastChild.textContent = playing ? "Stop" : "Play";
  button.classList.toggle("playing", playing);
}

function makeFrame(scene, block, index, table) {
  const preview = makePreview(scene, index);
  const canvas = element("canvas", { "aria-hidden": "true", width: preview.width, height: preview.height });
  const label = capitalised(block.captions.title);
  const attributes = { class: "frame", type: "button", "aria-label": label, title: label, tabindex: "-1" };
  const root = element("button", attributes, canvas, element("span", { text: block.captions.number }));
  const context = canvas.getContext("2d");
  const data = context.createImageData(preview.width, preview.height);
  const count = preview.height * preview.width;
  return {
    root,
    block,
    preview,
    table,
    context,
    data,
    uniform: 1 / (block.height * block.width),
    pixels: new Uint32Array(data.data.buffer),
    values: new Float32Array(count),
    sorted: new Float32Array(count),
    levels: new Uint8Array(count),
  };
}

function groupedByStage(frames) {
  const groups = new Map();
  for (const frame of frames) {
    const group = groups.get(frame.block.stage) ?? [];
    groups.set(frame.block.stage, [...group, frame]);
  }
  return [...groups.values()];
}

function makeStageGroup(frames) {
  const title = element("span", { class: "film-title", text: frames[0].block.captions.stage_title });
  const blocks = element("div", { class: "film-blocks" }, ...frames.map((frame) => frame.root));
  return element("div", { class: "film-stage" }, title, blocks);
}

function makePlayButton(play) {
  const icon = element("span", { class: "play-icon", "aria-hidden": "true" });
  const attributes = { class: "play", type: "button", "aria-pressed": "false" };
  const button = element("button", attributes, icon, element("span", { text: "Play" }));
  button.addEventListener("click", play);
  return button;
}

// Left and right move the focus along the strip, as in a toolbar.
function moveFocus(event, frames) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const usable = frames.map((frame) => frame.root).filter((root) => !root.disabled);
  const from = usable.findIndex((root) => root.matches(":focus"));
  usable[Math.max(0, Math.min(usable.length - 1, from + step))]?.focus();
  event.preventDefault();
  event.stopPropagation();
}
