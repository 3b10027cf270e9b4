// The filmstrip: a small preview of every block for the current anchor, grouped by stage, and the play button.

import { element } from "./dom.js";
import { makePreview, previewAttention } from "./preview.js";
import { toLevels } from "./scale.js";

// choose(place) is called when a person picks a block; play() when the button is pressed.
export function makeFilmstrip(scene, table, { choose, play, available }) {
  const frames = scene.header.blocks.map((block, place) => makeFrame(scene, block, place, table));
  const stages = [...new Set(scene.header.blocks.map((block) => block.stage))].map((stage) =>
    element(
      "div",
      { class: "film-stage" },
      element("span", { class: "film-title", text: `Stage ${stage + 1}` }),
      element(
        "div",
        { class: "film-blocks" },
        ...frames.filter((frame) => frame.block.stage === stage).map((frame) => frame.root),
      ),
    ),
  );
  const { width, height } = scene.header.picture;
  const sizes = `--blocks:${frames.length};--stages:${stages.length};--ratio:${width / height}`;
  const button = element(
    "button",
    { class: "play", type: "button", "aria-pressed": "false" },
    playIcon(),
    element("span", { text: "Play" }),
  );
  button.addEventListener("click", play);
  const list = element("div", { class: "film", role: "group", "aria-label": "Blocks in order of depth" }, ...stages);
  frames.forEach((frame, place) => {
    frame.root.disabled = !available(place);
    if (frame.root.disabled) frame.root.title = "Not in this file";
    frame.root.addEventListener("click", () => choose(place));
  });
  list.addEventListener("keydown", (event) => moveFocus(event, frames));
  return { root: element("div", { class: "strip", style: sizes }, button, list), frames, button };
}

// Paints every preview for a place on the picture given by fractions of its height and width.
export function paintFilmstrip(strip, { down, across }, incoming, scale) {
  for (const frame of strip.frames) {
    const { preview, values, sorted, levels, pixels, table } = frame;
    previewAttention(preview, down, across, incoming, values);
    sorted.set(values);
    if (scale === "rank") sorted.sort();
    let top = 0;
    for (let n = 0; n < values.length; n++) if (values[n] > top) top = values[n];
    toLevels(values, sorted, scale, top, levels);
    for (let n = 0; n < levels.length; n++) pixels[n] = table[levels[n]];
    frame.context.putImageData(frame.data, 0, 0);
  }
}

// Marks the block that is shown; the strip scrolls, never the page.
export function markFrame(strip, current) {
  strip.frames.forEach((frame, place) => {
    if (place === current) frame.root.setAttribute("aria-current", "true");
    else frame.root.removeAttribute("aria-current");
    frame.root.tabIndex = place === current ? 0 : -1;
  });
  const list = strip.root.querySelector(".film");
  const box = strip.frames[current].root;
  const left = box.offsetLeft - list.offsetLeft;
  if (left < list.scrollLeft || left + box.offsetWidth > list.scrollLeft + list.clientWidth) {
    list.scrollLeft = left - list.clientWidth / 2;
  }
}

export function markPlaying(strip, playing) {
  strip.button.setAttribute("aria-pressed", String(playing));
  strip.button.lastChild.textContent = playing ? "Stop" : "Play";
  strip.button.classList.toggle("playing", playing);
}

function makeFrame(scene, block, place, table) {
  const preview = makePreview(scene, place);
  const canvas = element("canvas", { "aria-hidden": "true", width: preview.width, height: preview.height });
  const label = `Stage ${block.stage + 1}, block ${block.block + 1}`;
  const root = element(
    "button",
    { class: "frame", type: "button", "aria-label": label, title: label, tabindex: "-1" },
    canvas,
    element("span", { text: String(block.block + 1) }),
  );
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
    pixels: new Uint32Array(data.data.buffer),
    values: new Float32Array(count),
    sorted: new Float32Array(count),
    levels: new Uint8Array(count),
  };
}

function playIcon() {
  return element("span", { class: "play-icon", "aria-hidden": "true" });
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
