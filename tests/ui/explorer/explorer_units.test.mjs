// Parts of the explorer that need no browser: node --test explorer_units.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { boundaryPath } from "../../../ui/explorer/web/boundaries.js";
import { neighbourIndex, sampledTokens } from "../../../ui/explorer/web/block.js";
import { centreOf, clampToken, samePlace, tokenAt } from "../../../ui/explorer/web/places.js";
import { Player } from "../../../ui/explorer/web/player.js";
import { barTicks, formatWeight, pixelTable, placeOnBar, toLevels } from "../../../ui/explorer/web/scale.js";

const values = Float32Array.of(0, 0.2, 0.05, 0.4, 0.2);
const sorted = values.slice().sort();
const levels = (scale, top) => [...toLevels(values, sorted, scale, top, new Uint8Array(5))];

test("a linear scale ends at its top and clips what is above", () => {
  assert.deepEqual(levels("linear", 0.4), [0, 128, 32, 255, 128]);
  assert.deepEqual(levels("linear", 0.2), [0, 255, 64, 255, 255]);
  assert.deepEqual(levels("linear", 0), [0, 0, 0, 0, 0]);
});

test("a logarithmic scale spans four decades below its top", () => {
  const decades = Float32Array.of(1, 0.1, 0.0101, 1e-4, 1e-9, 0);
  assert.deepEqual([...toLevels(decades, decades, "log", 1, new Uint8Array(6))], [255, 191, 128, 0, 0, 0]);
});

test("ranks ignore distances and give equal weights equal colours", () => {
  assert.deepEqual(levels("rank", 1), [0, 128, 64, 255, 128]);
});

test("ticks carry weights, whatever the scale", () => {
  assert.deepEqual(
    barTicks(sorted, "linear", 0.4).map(({ value }) => value),
    [0, 0.2, 0.4],
  );
  assert.deepEqual(
    barTicks(sorted, "log", 1).map(({ value }) => formatWeight(value)),
    ["1e-4", "0.01", "1"],
  );
  assert.deepEqual(
    barTicks(sorted, "rank", 1).map(({ value }) => value),
    [sorted[0], sorted[2], sorted[4]],
  );
  assert.equal(placeOnBar(0.2, sorted, "linear", 0.4), 128 / 255);
});

test("weights are written with three digits at most", () => {
  const written = [0, 1, 0.5, 0.1234, 0.00123, 0.000314, 1e-12, 0.02, 120, -1300, 123456].map(formatWeight);
  assert.deepEqual(written, [
    "0",
    "1",
    "0.5",
    "0.123",
    "0.00123",
    "3.14e-4",
    "1e-12",
    "0.02",
    "120",
    "-1300",
    "1.23e5",
  ]);
});

test("a colour map becomes opaque pixels", () => {
  const map = Uint8Array.from({ length: 768 }, (_, place) => place % 256);
  assert.deepEqual([...new Uint8Array(pixelTable(map).buffer, 4, 4)], [3, 4, 5, 255]);
});

test("neighbours outside the grid are phantoms", () => {
  const grid = { height: 4, width: 6, rows: 2, columns: 2, cell: [2, 3] };
  const index = neighbourIndex(grid, sampledTokens(grid, 1));
  assert.deepEqual([...index.slice(0, 9)], [4, 4, 4, 4, 0, 1, 4, 2, 3]);
  assert.deepEqual([...index.slice(9 * 23)], [0, 1, 4, 2, 3, 4, 4, 4, 4]);
});

test("boundaries run between tokens of different super tokens, in long strokes", () => {
  const block = { height: 2, width: 4, labels: [0, 0, 1, 1, 2, 2, 1, 1] };
  assert.equal(boundaryPath(block), "M0 1H2M2 0V2");
  assert.equal(boundaryPath({ height: 2, width: 2, labels: null }), "");
});

test("a place survives a coarser grid and back", () => {
  const place = centreOf({ row: 41, column: 3 }, { height: 56, width: 56 });
  assert.deepEqual(tokenAt(place, { height: 7, width: 7 }), { row: 5, column: 0 });
  assert.deepEqual(tokenAt(place, { height: 56, width: 56 }), { row: 41, column: 3 });
  assert.deepEqual(clampToken({ row: -2, column: 9 }, { height: 4, width: 4 }), { row: 0, column: 3 });
  assert.ok(samePlace(null, null) && !samePlace(null, { row: 0, column: 0 }));
});

test("the player walks to the end, waits for what loads, and starts over", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const log = [];
  let place = 0;
  let busy = false;
  const player = new Player({
    next: () => (place < 2 ? place + 1 : null),
    first: () => 0,
    busy: () => busy,
    go: (to) => {
      place = to;
      log.push(to);
    },
    changed: (playing) => log.push(playing),
  });
  player.toggle();
  context.mock.timers.tick(1200);
  busy = true;
  context.mock.timers.tick(6000);
  busy = false;
  context.mock.timers.tick(2400);
  assert.deepEqual(log, [true, 1, 2, false]);
  player.toggle();
  assert.deepEqual(log.slice(4), [0, true]);
  player.toggle();
  assert.deepEqual(log.slice(6), [false]);
});
