// What an anchor is: a token, or the super token, the segment or the rectangle around it.

import { clampToken } from "./geometry.js";

export const REGIONS = ["token", "super", "rectangle", "segment"];
const THOUSAND = 1000; // rectangles are measured in thousandths of the picture's sides, so that they suit every grid

// The region of a kind at a token of a block: its tokens by number, its middle, and what tells it from others.
// `segments` are the labels of the block's tokens; without them a segment cannot be known, and null is returned.
export function regionAt({ kind, height, width }, token, block, segments) {
  const own = token.row * block.width + token.column;
  if (kind === "rectangle") return rectangleAt({ height, width }, token, block);
  if (kind === "segment" && !segments) return null;
  if (kind === "token") return { kind, key: `t${own}`, tokens: [own], ...token, token };
  const labels = kind === "segment" ? segments : block.labels;
  if (!labels) return { kind, key: `own${own}`, tokens: [own], ...token, label: null }; // its own super token
  return group(kind, labels, labels[own], block);
}

// The rectangle that two tokens span, in thousandths, and the token in its middle.
export function spanned(one, other, grid) {
  const top = Math.min(one.row, other.row);
  const left = Math.min(one.column, other.column);
  const rows = Math.abs(one.row - other.row) + 1;
  const columns = Math.abs(one.column - other.column) + 1;
  const token = { row: top + before(rows), column: left + before(columns) };
  return { ...resized(rows, columns, grid), token };
}

// Thousandths of a grid's sides that so many rows and columns take.
export function resized(rows, columns, grid) {
  const within = (count, side) => Math.max(1, Math.min(side, count));
  return {
    height: Math.round((THOUSAND * within(rows, grid.height)) / grid.height),
    width: Math.round((THOUSAND * within(columns, grid.width)) / grid.width),
  };
}

// The size of a rectangle with some more rows and columns, or less.
export function grown(size, rows, columns, grid) {
  const sides = sidesOn(size, grid);
  return resized(sides.rows + rows, sides.columns + columns, grid);
}

// The kind that comes some places after that of a region.
export function kindAfter({ kind }, by) {
  return REGIONS[(REGIONS.indexOf(kind) + by + REGIONS.length) % REGIONS.length];
}

// Rows and columns of tokens that a rectangle has on a grid.
export function sidesOn({ height, width }, grid) {
  const count = (part, side) => Math.max(1, Math.min(side, Math.round((part * side) / THOUSAND)));
  return { rows: count(height, grid.height), columns: count(width, grid.width) };
}

// The token is in the middle, unless the rectangle would leave the picture.
function rectangleAt(size, token, grid) {
  const { rows, columns } = sidesOn(size, grid);
  const corner = { row: token.row - before(rows), column: token.column - before(columns) };
  const { row: top, column: left } = clampToken(corner, {
    height: grid.height - rows + 1,
    width: grid.width - columns + 1,
  });
  const tokens = [];
  for (let row = top; row < top + rows; row++) {
    for (let column = left; column < left + columns; column++) tokens.push(row * grid.width + column);
  }
  const middle = { row: top + (rows - 1) / 2, column: left + (columns - 1) / 2 };
  return { kind: "rectangle", key: `r${top},${left},${rows},${columns}`, tokens, ...middle, rows, columns };
}

function group(kind, labels, label, { width, N }) {
  const tokens = [];
  let row = 0;
  let column = 0;
  for (let n = 0; n < N; n++) {
    if (labels[n] !== label) continue;
    tokens.push(n);
    row += Math.floor(n / width);
    column += n % width;
  }
  return { kind, key: `${kind}${label}`, tokens, row: row / tokens.length, column: column / tokens.length, label };
}

// Tokens before the middle one.
function before(count) {
  return Math.floor((count - 1) / 2);
}
