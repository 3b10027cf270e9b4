// What the explorer says in words, to people who see and to people who listen. It makes strings, nothing else; names of
// kinds, blocks and heads come with the payload.

import { MEAN, phantomMass } from "./attention.js";
import { formatWeight } from "./scale.js";

export const HINT = "Hover or drag to move the anchor, click to pin it.";
export const KEYS =
  "Keys: arrows move it, 1–9 pick a block, Shift + 1–4 a stage, comma and full stop walk through depth, P plays.";

// "outgoing, mean over heads"
export function selection(block, head, incoming) {
  const { caption } = block.captions.heads[head === MEAN ? 0 : head + 1];
  return `${incoming ? "incoming" : "outgoing"}, ${caption}`;
}

// One line on the block.
export function blockLine({ captions, height, width, rows, columns, identity, own_windows: windows, heads, N }) {
  const plain = windows ? windowsInWords(windows) : "no super tokens (cell 1)";
  const groups = identity ? plain : `${rows} × ${columns} super tokens`;
  const dense = (heads * N * N * 4) / 2 ** 20;
  const size = dense >= 10 ? Math.round(dense).toLocaleString("en") : dense.toFixed(1);
  const parts = [`${height} × ${width} tokens`, groups, `${heads} ${heads === 1 ? "head" : "heads"}`];
  return [capitalised(captions.title), ...parts, `${size} MiB if it were dense`].join(" · ");
}

// "windows of 7 × 7 tokens, shifted by 3 × 3"
function windowsInWords({ side, shift: [down, across] }) {
  const shifted = down || across ? `, shifted by ${down} × ${across}` : "";
  return `windows of ${side} × ${side} tokens${shifted}`;
}

export function anchorLine({ row, column }, { height, width }, pinned) {
  return `row ${row}, column ${column} of ${height} × ${width}${pinned ? "" : " · click to pin"}`;
}

export function associationLine(block, token, top) {
  if (block.identity) return "no super tokens: each token is its own";
  return `heaviest ${formatWeight(top)}, lost ${phantomMass(block, token).toFixed(2)}`;
}

// The pinned anchor for people who listen; `title` names the attention that the figures are of.
export function spokenAnchor({ row, column }, title, summary) {
  const where = `Row ${row}, column ${column}.`;
  if (!summary) return where;
  return `${where} ${title}: entropy ${summary.entropy.toFixed(2)} nats, ${summary.tokens_for_90} tokens hold 90 %.`;
}

export function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}
