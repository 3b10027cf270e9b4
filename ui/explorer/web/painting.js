// Computes what the panels show for an anchor, paints it, and describes it.

import { ATTENTIONS, association } from "./attention.js";
import { anchorLine, associationLine, selection } from "./captions.js";
import { setText } from "./dom.js";
import { writeFigures } from "./figures.js";
import { describePanel, paintPanel, readPanel, setPanelMessage } from "./panel.js";
import { topOf } from "./scale.js";
import { moveMark } from "./stage.js";
import { rowSummary } from "./summary.js";

// Computes and paints all panels for an anchor; returns figures by kind, for what could be computed.
export function paintView(view, block, { anchor, head, incoming, settings }) {
  const token = anchor.row * block.width + anchor.column;
  const summaries = {};
  for (const panel of view.panels) {
    const known = computeValues(panel, block, token, head, incoming);
    panel.top = topOf(panel.values);
    if (known && isAttention(panel)) summaries[panel.kind] = rowSummary(panel.values, block, token);
  }
  const together = Math.max(...view.panels.filter(isAttention).map((panel) => panel.top));
  for (const panel of view.panels) {
    const top = settings.shared && isAttention(panel) ? together : panel.top;
    paintPanel(panel, { scale: scaleOf(panel, settings), top, uniform: 1 / block.N }, view.table);
    moveMark(panel.stage, "anchor", anchor);
  }
  moveMark(view.picker.stage, "anchor", anchor);
  writeFigures(view.figures, summaries);
  return summaries;
}

// Says what each panel shows; called when block or settings change, not for each anchor.
export function describeView(view, block, { head, incoming }) {
  const chosen = selection(block, head, incoming);
  for (const panel of view.panels) {
    if (!isAttention(panel)) {
      describePanel(panel, null, "of the anchor");
      continue;
    }
    const own = block.notes[panel.kind];
    setPanelMessage(panel, incoming ? block.incoming_left_out[panel.kind] : null);
    describePanel(panel, own ?? chosen, [chosen, own].filter(Boolean).join(" · "));
  }
  setText(view.figures.caption, `Anchor's ${incoming ? "column" : "row"}, ${chosen}`);
  view.figures.setDirection(incoming);
}

// Writes what belongs to the anchor alone.
export function describeAnchor(view, block, anchor, pinned) {
  setText(view.picker.note, anchorLine(anchor, block, pinned));
  const token = anchor.row * block.width + anchor.column;
  for (const panel of view.panels) {
    if (!isAttention(panel))
      describePanel(panel, associationLine(block, token, heaviest(panel.values)), "of the anchor");
  }
}

// Reads one token's value in every panel.
export function readView(view, token, block) {
  for (const panel of view.panels) readPanel(panel, token, block, isAttention(panel));
}

function computeValues(panel, block, token, head, incoming) {
  if (!isAttention(panel)) return association(block, token, panel.values);
  const computed = ATTENTIONS[panel.kind](block, token, head, incoming, panel.values);
  if (!computed) panel.values.fill(0);
  return computed;
}

function isAttention(panel) {
  return panel.kind in ATTENTIONS;
}

// Shares of an association have no uniform value that would mean anything.
function scaleOf(panel, { scale }) {
  return scale === "uniform" && !isAttention(panel) ? "linear" : scale;
}

function heaviest(values) {
  let most = 0;
  for (let n = 0; n < values.length; n++) if (values[n] > most) most = values[n];
  return most;
}
