// One panel: heading, map over the grey picture, colour bar, reading under the cursor.

import { element, setText } from "./dom.js";
import { formatTimes, formatWeight } from "./numbers.js";
import { barTicks, positionOnBar, toLevels } from "./scale.js";
import { fitStage, makeStage, moveMark, paintHeat } from "./stage.js";

export function makePanel({ kind, title, colour, sentence }) {
  const stage = makeStage({ role: "img" }, { grey: true });
  const note = element("p", { class: "note" });
  const ticks = [0, 1, 2].map(() => element("span", { class: "tick" }));
  const needle = element("span", { class: "needle", hidden: true });
  const gradient = element("div", { class: "gradient" }, needle);
  const bar = element("div", { class: "bar" }, gradient, element("div", { class: "ticks" }, ...ticks));
  const reading = element("p", { class: "reading" });
  const dot = element("span", { class: "dot", style: `background:${colour}`, "aria-hidden": "true" });
  const name = element("span", { text: title });
  const heading = element("h3", { title: sentence }, dot, name);
  const attributes = { class: "panel", "data-kind": kind, "aria-label": title };
  const root = element("section", attributes, heading, note, stage.root, bar, reading);
  return {
    root,
    kind,
    colour,
    title,
    heading: { dot, name },
    stage,
    note,
    ticks,
    needle,
    reading,
    values: null,
    sorted: null,
    levels: null,
    bar: null,
  };
}

// Gives a panel the title and the colour of another one, or its own.
export function titlePanel(panel, { title, colour }) {
  setText(panel.heading.name, title);
  panel.heading.dot.style.background = colour;
  panel.spokenTitle = title;
}

// Makes room for a block's tokens.
export function fitPanel(panel, picture, block) {
  fitStage(panel.stage, picture, block);
  if (panel.values?.length === block.N) return;
  panel.values = new Float32Array(block.N);
  panel.sorted = new Float32Array(block.N);
  panel.levels = new Uint8Array(block.N);
}

// Paints the values on a bar (see scale.js) and writes its ends and its middle.
export function paintPanel(panel, bar, table) {
  if (bar.scale === "rank") {
    panel.sorted.set(panel.values);
    panel.sorted.sort();
  }
  panel.bar = { ...bar, sorted: panel.sorted };
  paintHeat(panel.stage, toLevels(panel.values, panel.bar, panel.levels), table);
  const unit = bar.scale === "uniform" ? "×" : "";
  barTicks(panel.bar).forEach((value, index) => setText(panel.ticks[index], formatWeight(value) + unit));
}

// Says below the heading what the panel shows (unless `note` is null), and the same to people who listen.
export function describePanel(panel, note, spoken) {
  if (note !== null) setText(panel.note, note);
  const label = `${panel.spokenTitle}, ${spoken}, as a heat map`;
  if (panel.stage.root.getAttribute("aria-label") !== label) panel.stage.root.setAttribute("aria-label", label);
}

// Reads the value of one token, or of none.
export function readPanel(panel, token, { width, N }, isAttention) {
  moveMark(panel.stage, "cursor", token);
  panel.needle.hidden = !token;
  if (!token) {
    setText(panel.reading, quantityOf(panel, isAttention));
    return;
  }
  const value = panel.values[token.row * width + token.column];
  const times = isAttention ? ` · ${formatTimes(value * N)} × uniform` : "";
  setText(panel.reading, `(${token.row}, ${token.column}): ${formatWeight(value)}${times}`);
  panel.needle.style.left = `${100 * positionOnBar(value, panel.bar)}%`;
}

// Says in place of a map why there is none, or shows the map again.
export function setPanelMessage(panel, message) {
  panel.root.classList.toggle("empty", Boolean(message));
  panel.stage.root.dataset.message = message ?? "";
}

function quantityOf(panel, isAttention) {
  if (!isAttention) return "association";
  return panel.bar?.scale === "uniform" ? "times uniform attention" : "attention weight";
}
