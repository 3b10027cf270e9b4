// Computes what the panels show for a region (see region.js), paints it, and describes it.

import { ATTENTIONS, association, globalSteps, workOf } from "./attention.js";
import { anchorLine, associationLine, figuresLine, selection } from "./captions.js";
import { setText } from "./dom.js";
import { writeFigures } from "./figures.js";
import { describePanel, paintPanel, readPanel, setPanelMessage } from "./panel.js";
import { topOf } from "./scale.js";
import { markRegion } from "./stage.js";
import { rowSummary } from "./summary.js";

const AT_ONCE = 4e7; // multiplications that a pointer may wait for

// Computes all panels but those that take long, which are left empty. Returns the figures by kind, for what could be
// computed, and one iterator for each panel that is left: it fills the panel step by step.
export function computeView(view, block, { region, head, incoming }) {
  const summaries = {};
  const left = [];
  for (const panel of shownPanels(view)) {
    const known = !incoming || block.logNormaliser;
    const later = known && isAttention(panel) && workOf(panel.kind, block, region.tokens, head) > AT_ONCE;
    panel.root.classList.toggle("waiting", later);
    if (later) {
      panel.values.fill(NaN);
      left.push(laterSteps(panel, block, { region, head, incoming }, summaries));
    } else computeNow(panel, block, { region, head, incoming }, summaries);
  }
  return { summaries, left };
}

function computeNow(panel, block, { region, head, incoming }, summaries) {
  if (!isAttention(panel)) return association(block, region.tokens, panel.values);
  const computed = ATTENTIONS[panel.kind](block, region.tokens, head, incoming, panel.values);
  if (computed) summaries[panel.kind] = rowSummary(panel.values, block, region);
  else panel.values.fill(0);
  return computed;
}

function* laterSteps(panel, block, { region, head, incoming }, summaries) {
  const values = new Float32Array(block.N);
  yield* globalSteps(block, region.tokens, head, incoming, values);
  panel.values.set(values);
  summaries[panel.kind] = rowSummary(values, block, region);
  panel.root.classList.remove("waiting");
}

// Paints what was computed.
export function paintView(view, block, region, summaries, settings) {
  const shown = shownPanels(view);
  for (const panel of shown) panel.top = topOf(panel.values);
  const together = Math.max(...shown.filter(isAttention).map((panel) => panel.top));
  for (const panel of shown) {
    const top = settings.shared && isAttention(panel) ? together : panel.top;
    paintPanel(panel, { scale: scaleOf(panel, settings), top, uniform: 1 / block.N }, view.table);
    markRegion(panel.stage, "anchor", region);
  }
  markRegion(view.picker.stage, "anchor", region);
  writeFigures(view.figures, summaries);
}

// Says what each panel shows; called when block or settings change, not for each anchor.
export function describeView(view, block, { kind, head, incoming }) {
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
  setText(view.figures.caption, figuresLine(kind, chosen, incoming));
  view.figures.nameRows(incoming, kind !== "token");
}

// Writes what belongs to the anchor alone.
export function describeAnchor(view, block, region, pinned) {
  setText(view.picker.note, anchorLine(region, block, pinned));
  view.picker.note.title = view.picker.note.textContent;
  for (const panel of view.panels) {
    if (isAttention(panel)) continue;
    describePanel(panel, associationLine(block, region.tokens, heaviest(panel.values)), "of the anchor");
  }
}

// Reads one token's value in every panel.
export function readView(view, token, block) {
  for (const panel of shownPanels(view)) readPanel(panel, token, block, isAttention(panel));
}

function shownPanels(view) {
  return view.panels.filter((panel) => !panel.root.hidden);
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
