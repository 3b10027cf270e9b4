// The table of figures for the anchor: one row per figure, one column per attention.

import { element, setText } from "./dom.js";

const COLUMNS = ["super", "global", "local"];
const SHORT = { super: "Super token", global: "Global", local: "Local" };

const ROWS = [
  { name: "Entropy", unit: "nats", read: (s) => s.entropy.toFixed(2) },
  { name: "Mean distance", unit: "px", read: (s) => s.distance.toFixed(1) },
  { name: "Mass in neighbourhood", unit: "", read: (s) => percent(s.near) },
  { name: "Tokens for 90\u00a0%", unit: "", read: (s) => String(s.tokens) },
  { name: "Mass", unit: "", read: (s) => s.mass.toFixed(3) },
];

export function makeFigures(colours) {
  const head = element(
    "tr",
    {},
    element("td", {}),
    ...COLUMNS.map((kind) => {
      const [first, ...rest] = SHORT[kind].split(" ");
      const dot = element("span", { class: "dot", style: `background:${colours[kind]}`, "aria-hidden": "true" });
      return element(
        "th",
        { scope: "col" },
        element("span", { class: "unbroken" }, dot, first),
        ...rest.map((word) => ` ${word}`),
      );
    }),
  );
  const cells = {};
  const labels = [];
  const body = ROWS.map(({ name, unit }) => {
    const label = element(
      "th",
      { scope: "row" },
      element("span", { text: name }),
      unit ? element("span", { class: "unit", text: unit }) : "",
    );
    labels.push(label.firstChild);
    const row = COLUMNS.map((kind) => {
      const cell = element("td", { "data-kind": kind, "data-figure": name });
      (cells[kind] ??= []).push(cell);
      return cell;
    });
    return element("tr", {}, label, ...row);
  });
  const caption = element("caption", {});
  const root = element(
    "table",
    { class: "figures" },
    caption,
    element("thead", {}, head),
    element("tbody", {}, ...body),
  );
  return { root, caption, cells, labels };
}

// Writes the figures; a kind without a summary gets dashes.
export function writeFigures(figures, summaries, { neighbourhood }, incoming) {
  setText(figures.labels[2], `Mass in ${neighbourhood} × ${neighbourhood}`);
  setText(figures.labels[4], incoming ? "Mass received" : "Mass kept");
  for (const kind of COLUMNS) {
    const summary = summaries[kind];
    ROWS.forEach(({ read }, place) => setText(figures.cells[kind][place], summary ? read(summary) : "–"));
  }
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}
