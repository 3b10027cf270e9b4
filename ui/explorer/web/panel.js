// One panel: heading, map over the grey picture, colour bar in absolute units, reading under the cursor.

import { element, setText } from "./dom.js";
import { barTicks, formatWeight, placeOnBar, toLevels } from "./scale.js";
import { fitStage, makeStage, paintHeat, placeMark } from "./stage.js";

export function makePanel(kind, title, colour) {
  const stage = makeStage({ grey: true });
  stage.root.setAttribute("role", "img");
  const note = element("p", { class: "note" });
  const ticks = [0, 1, 2].map(() => element("span", { class: "tick" }));
  const needle = element("span", { class: "needle", hidden: true });
  const bar = element(
    "div",
    { class: "bar" },
    element("div", { class: "gradient" }, needle),
    element("div", { class: "ticks" }, ...ticks),
  );
  const reading = element("p", { class: "reading" });
  const heading = element(
    "h3",
    {},
    element("span", { class: "dot", style: `background:${colour}`, "aria-hidden": "true" }),
    title,
  );
  const root = element(
    "section",
    { class: "panel", "data-kind": kind, "aria-label": title },
    heading,
    note,
    stage.root,
    bar,
    reading,
  );
  return {
    root,
    kind,
    title,
    stage,
    note,
    ticks,
    needle,
    reading,
    values: null,
    sorted: null,
    levels: null,
    top: 0,
    scale: "linear",
  };
}

// Makes room for a block's tokens.
export function fitPanel(panel, picture, block) {
  fitStage(panel.stage, picture, block);
  if (panel.values?.length !== block.N) {
    panel.values = new Float32Array(block.N);
    panel.sorted = new Float32Array(block.N);
    panel.levels = new Uint8Array(block.N);
  }
}

// Finds the largest of the values just computed, and their order if the scale asks for it.
export function measurePanel(panel, scale) {
  panel.top = 0;
  for (let n = 0; n < panel.values.length; n++) if (panel.values[n] > panel.top) panel.top = panel.values[n];
  if (scale !== "rank") return;
  panel.sorted.set(panel.values);
  panel.sorted.sort();
}

// Paints the values between 0 and `top` and writes the ends and the middle of the bar.
export function paintPanel(panel, scale, top, table) {
  panel.top = top;
  panel.scale = scale;
  paintHeat(panel.stage, toLevels(panel.values, panel.sorted, scale, top, panel.levels), table);
  barTicks(panel.sorted, scale, top).forEach(({ value }, place) => setText(panel.ticks[place], formatWeight(value)));
}

// Reads the value of one token, or of none; `quantity` says what it is.
export function readPanel(panel, position, width, quantity) {
  placeMark(panel.stage, "cursor", position);
  panel.needle.hidden = !position;
  if (!position) {
    setText(panel.reading, quantity);
    return;
  }
  const value = panel.values[position.row * width + position.column];
  const times = panel.kind === "association" ? "" : ` · ${formatTimes(value * panel.values.length)} × uniform`;
  setText(panel.reading, `(${position.row}, ${position.column}): ${formatWeight(value)}${times}`);
  panel.needle.style.left = `${100 * placeOnBar(value, panel.sorted, panel.scale, panel.top)}%`;
}

// Says in place of a map why there is none, or shows the map again.
export function setPanelMessage(panel, message) {
  panel.root.classList.toggle("empty", Boolean(message));
  panel.stage.root.dataset.message = message ?? "";
}

function formatTimes(times) {
  if (times === 0) return "0";
  return times >= 10 ? String(Math.round(times)) : times >= 0.01 ? times.toFixed(2) : "< 0.01";
}
