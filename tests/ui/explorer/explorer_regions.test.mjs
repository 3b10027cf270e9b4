// Regions, without a browser: node --test explorer_regions.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { outlinePath } from "../../../ui/explorer/web/boundaries.js";
import { grown, kindAfter, regionAt, resized, sidesOn, spanned } from "../../../ui/explorer/web/region.js";
import { rowSummary } from "../../../ui/explorer/web/summary.js";

const AT_FIRST = { row: 0, column: 0, tokens: [0], token: { row: 0, column: 0 } };

test("a rectangle has the token in its middle and stays on the grid", () => {
  const grid = { height: 10, width: 20, N: 200 };
  const size = resized(3, 4, grid);
  assert.deepEqual(size, { height: 300, width: 200 });
  const at = (row, column) => regionAt({ kind: "rectangle", ...size }, { row, column }, grid).tokens;
  assert.equal(at(5, 5).length, 12);
  assert.deepEqual([at(5, 5)[0], at(5, 5)[11]], [4 * 20 + 4, 6 * 20 + 7]);
  assert.deepEqual([at(0, 0)[0], at(9, 19)[11]], [0, 199]);
  assert.deepEqual(sidesOn(size, { height: 5, width: 4 }), { rows: 2, columns: 1 });
  assert.deepEqual(resized(0, 99, grid), { height: 100, width: 1000 });
  assert.deepEqual(grown(size, 1, -1, grid), { height: 400, width: 150 });
});

test("two corners span the rectangle that has both", () => {
  const grid = { height: 56, width: 56, N: 56 * 56 };
  for (const [one, other] of [
    [
      { row: 3, column: 50 },
      { row: 9, column: 41 },
    ],
    [
      { row: 55, column: 0 },
      { row: 0, column: 55 },
    ],
    [
      { row: 7, column: 7 },
      { row: 7, column: 7 },
    ],
  ]) {
    const { token, ...size } = spanned(one, other, grid);
    const { tokens } = regionAt({ kind: "rectangle", ...size }, token, grid);
    const [rows, columns] = [Math.abs(one.row - other.row) + 1, Math.abs(one.column - other.column) + 1];
    assert.equal(tokens.length, rows * columns);
    assert.equal(tokens[0], Math.min(one.row, other.row) * 56 + Math.min(one.column, other.column));
  }
});

test("a super token and a segment are their tokens, and without super tokens a token is its own", () => {
  const block = { height: 2, width: 3, N: 6, labels: [0, 0, 1, 0, 1, 1] };
  const found = regionAt({ kind: "super" }, { row: 1, column: 0 }, block);
  assert.deepEqual([found.tokens, found.row, found.column], [[0, 1, 3], 1 / 3, 1 / 3]);
  assert.deepEqual(regionAt({ kind: "segment" }, { row: 0, column: 0 }, block, [7, 1, 1, 7, 7, 1]).tokens, [0, 3, 4]);
  assert.equal(regionAt({ kind: "segment" }, { row: 0, column: 0 }, block), null);
  assert.deepEqual(regionAt({ kind: "super" }, { row: 1, column: 2 }, { ...block, labels: null }).tokens, [5]);
  assert.deepEqual(regionAt({ kind: "token" }, { row: 1, column: 2 }, block).token, { row: 1, column: 2 });
});

test("a region is outlined, also at the border of the picture", () => {
  assert.equal(outlinePath([0, 1], { height: 2, width: 3 }), "M0 0H2M0 1H2M0 0V1M2 0V1");
});

test("the local mass of a region is that inside it, its distance that from its middle", () => {
  const block = { height: 1, width: 4, token_pixels: 2, neighbourhood: 3, large_share: 0.9, level_tolerance: 1e-6 };
  const row = Float32Array.of(0.25, 0.25, 0, 0.5);
  const summary = rowSummary(row, block, { row: 0, column: 0.5, tokens: [0, 1] });
  assert.equal(summary.local_mass, 0.5);
  assert.equal(summary.distance, 2 * (0.25 * 0.5 + 0.25 * 0.5 + 0.5 * 2.5));
  assert.equal(rowSummary(row, block, AT_FIRST).local_mass, 0.5);
  assert.equal(rowSummary(row, { ...block, neighbourhood: 7 }, AT_FIRST).local_mass, 1);
});

test("kinds follow each other in a circle", () => {
  assert.deepEqual([kindAfter({ kind: "token" }, 1), kindAfter({ kind: "token" }, -1)], ["super", "segment"]);
});
