// What the explorer says in words, to people who see and to people who listen. It makes strings, nothing else; names of
// kinds, blocks and heads come with the payload.

import { MEAN, phantomMass } from "./attention.js";
import { formatFixed, formatWeight } from "./numbers.js";

export const HINT =
  "Hover or drag to move the anchor, click to pin it; Shift and drag draws a rectangle. Ctrl (Cmd) and the wheel zoom; " +
  "a drag on a map, or one with Ctrl (Cmd) on the picture, moves what is zoomed.";
export const KEYS =
  "Keys: arrows move it, A makes it a super token, a rectangle (H higher, W wider, with Shift less so), a segment or a " +
  "token, 1–9 pick a block, Shift + 1–4 a stage, comma and full stop walk through depth, P plays, + and − zoom about the anchor, 0 shows the whole picture.";

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
  const size = formatFixed(dense, dense >= 10 ? 0 : 1);
  const parts = [`${height} × ${width} tokens`, groups, `${heads} ${heads === 1 ? "head" : "heads"}`];
  return [capitalised(captions.title), ...parts, `${size} MiB if it were dense`].join(" · ");
}

// "windows of 7 × 7 tokens, shifted by 3 × 3"
function windowsInWords({ side, shift: [down, across] }) {
  const shifted = down || across ? `, shifted by ${down} × ${across}` : "";
  return `windows of ${side} × ${side} tokens${shifted}`;
}

export function anchorLine(region, { height, width }, pinned) {
  return `${nameOf(region)} of ${height} × ${width}${pinned ? "" : " · click to pin"}`;
}

// "super token 24, 64 tokens"; numbers of super tokens and segments count from 1.
function nameOf({ kind, token, tokens, row, column, label, rows, columns }) {
  if (token) return `row ${token.row}, column ${token.column}`;
  if (label === null) return `row ${row}, column ${column}, its own super token`;
  const name = kind === "rectangle" ? `rectangle ${rows} × ${columns}` : `${TITLES[kind]} ${label + 1}`;
  return `${name}, ${formatFixed(tokens.length)} ${tokens.length === 1 ? "token" : "tokens"}`;
}

const TITLES = { super: "super token", segment: "segment" };

// Whose row the figures are of.
export function figuresLine(kind, chosen, incoming) {
  const line = incoming ? "column" : "row";
  return kind === "token" ? `Anchor's ${line}, ${chosen}` : `Mean ${line} of the region's tokens, ${chosen}`;
}

export function associationLine(block, tokens, top) {
  if (block.identity) return "no super tokens: each token is its own";
  return `heaviest ${formatWeight(top)}, lost ${formatFixed(phantomMass(block, tokens), 2)}`;
}

// The pinned anchor for people who listen; `title` names the attention that the figures are of.
export function spokenAnchor(region, title, summary) {
  const where = `${capitalised(nameOf(region))}.`;
  if (!summary) return where;
  return `${where} ${title}: entropy ${formatFixed(summary.entropy, 2)} nats, ${formatFixed(summary.tokens_for_90)} tokens hold 90 %.`;
}

export function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}
