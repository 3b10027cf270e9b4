// The table of figures for the anchor: one row per figure, one column per attention. Both lists come with the scene.

import { element, setText } from "./dom.js";
import { formatFixed } from "./numbers.js";

export function makeFigures({ figures, panels }) {
  const attentions = panels.filter((panel) => panel.short);
  const rows = figures.map((figure) => makeRow(figure, attentions));
  const caption = element("caption", {});
  const head = element("tr", {}, element("td", {}), ...attentions.map(makeHeading));
  const body = element("tbody", {}, ...rows.map((row) => row.root));
  const root = element("table", { class: "figures" }, caption, element("thead", {}, head), body);
  const nameRows = (incoming, ofRegion) => {
    for (const { label, unit, figure } of rows) {
      const special = (incoming && figure.incoming) || (ofRegion && figure.region);
      setText(label, special || figure.title);
      unit.hidden = Boolean(ofRegion && figure.region && figure.factor);
    }
  };
  const hideKind = (kind, hidden) => {
    for (const cell of root.querySelectorAll(`[data-kind="${kind}"]`)) cell.hidden = hidden;
  };
  return { root, caption, rows, nameRows, hideKind };
}

// Writes the figures; a kind without a summary gets dashes.
export function writeFigures({ rows }, summaries) {
  for (const { figure, cells } of rows) {
    for (const { kind, cell } of cells) setText(cell, summaries[kind] ? written(summaries[kind], figure) : "–");
  }
}

function written(summary, { metric, factor = 1, decimals, suffix = "" }) {
  return formatFixed(summary[metric] * factor, decimals) + suffix;
}

function makeRow(figure, attentions) {
  const label = element("span", { text: figure.title, title: figure.sentence });
  const unit = element("span", { class: "unit", text: figure.unit ?? "" });
  const cells = attentions.map(({ kind }) => ({ kind, cell: element("td", { "data-kind": kind }) }));
  const heading = element("th", { scope: "row" }, label, unit);
  return { figure, label, unit, cells, root: element("tr", {}, heading, ...cells.map(({ cell }) => cell)) };
}

function makeHeading({ kind, short, colour }) {
  const [first, ...rest] = short.split(" ");
  const dot = element("span", { class: "dot", style: `background:${colour}`, "aria-hidden": "true" });
  const unbroken = element("span", { class: "unbroken" }, dot, first);
  return element("th", { scope: "col", "data-kind": kind }, unbroken, ...rest.map((word) => ` ${word}`));
}
