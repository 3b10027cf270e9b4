// Parts of the explorer that need no browser: node --test explorer_units.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { Choice } from "../../../ui/explorer/web/choice.js";
import { pixelTable } from "../../../ui/explorer/web/colours.js";
import { boundaryPath } from "../../../ui/explorer/web/boundaries.js";
import { arrangement } from "../../../ui/explorer/web/layout.js";
import { neighbourIndex, sampledTokens } from "../../../ui/explorer/web/block.js";
import { centreOf, clampToken, sameToken, tokenAt } from "../../../ui/explorer/web/geometry.js";
import { Player } from "../../../ui/explorer/web/player.js";
import { formatFixed, formatTimes, formatWeight } from "../../../ui/explorer/web/numbers.js";
import { barTicks, positionOnBar, toLevels, topOf } from "../../../ui/explorer/web/scale.js";
import { rowSummary } from "../../../ui/explorer/web/summary.js";

const TOKEN = { kind: "token", height: 200, width: 200 };
const AT_FIRST = { row: 0, column: 0, tokens: [0], token: { row: 0, column: 0 } };
const values = Float32Array.of(0, 0.2, 0.05, 0.4, 0.2);
const sorted = values.toSorted();
const levels = (scale, top, uniform = 0.2) => [...toLevels(values, { scale, top, uniform, sorted }, new Uint8Array(5))];

test("a linear scale ends at its top and clips what is above", () => {
  assert.deepEqual(levels("linear", 0.4), [0, 128, 32, 255, 128]);
  assert.deepEqual(levels("linear", 0.2), [0, 255, 64, 255, 255]);
  assert.deepEqual(levels("linear", 0), [0, 0, 0, 0, 0]);
});

test("a logarithmic scale spans four decades below its top", () => {
  const decades = Float32Array.of(1, 0.1, 0.0101, 1e-4, 1e-9, 0);
  assert.deepEqual([...toLevels(decades, { scale: "log", top: 1 }, new Uint8Array(6))], [255, 191, 128, 0, 0, 0]);
});

test("multiples of uniform attention lie two decades to either side of the middle", () => {
  const multiples = Float32Array.of(100, 10, 1, 0.1, 0.01, 1e4, 0);
  const bar = { scale: "uniform", top: 1e4, uniform: 1 };
  assert.deepEqual([...toLevels(multiples, bar, new Uint8Array(7))], [255, 192, 128, 64, 0, 255, 0]);
  assert.deepEqual(barTicks(bar), [0.01, 1, 100]);
});

test("a constant map has the middle colour of its bar, a single token its end", () => {
  const same = Float32Array.of(0.25, 0.25, 0.2500001, 0.25);
  for (const scale of ["linear", "uniform"]) {
    const bar = { scale, top: topOf(same), uniform: 0.25 };
    assert.deepEqual([...toLevels(same, bar, new Uint8Array(4))], [128, 128, 128, 128]);
  }
  assert.equal(topOf(Float32Array.of(0.5)), 0.5);
  assert.equal(topOf(new Float32Array(3)), 0);
});

test("what is no finite number is drawn, ranked and written without harm", () => {
  const broken = Float32Array.of(NaN, 1, Infinity, -Infinity, 0.5);
  assert.equal(topOf(broken), 1);
  assert.equal(topOf(Float32Array.of(NaN, NaN)), 0);
  for (const scale of ["uniform", "linear", "log", "rank"]) {
    const drawn = toLevels(broken, { scale, top: 1, uniform: 0.5, sorted: broken.toSorted() }, new Uint8Array(5));
    assert.equal(drawn[0], 0, scale);
    assert.ok(drawn[4] > 0, scale);
  }
  assert.deepEqual([NaN, Infinity, -Infinity].map(formatWeight), ["–", "–", "–"]);
  const block = { height: 1, width: 5, token_pixels: 4, neighbourhood: 7, large_share: 0.9, level_tolerance: 1e-6 };
  assert.equal(rowSummary(broken, block, AT_FIRST), null);
  assert.equal(rowSummary(new Float32Array(5), block, AT_FIRST).tokens_for_90, 0);
});

test("the fewest tokens for a share may fall short of it by the tolerance", () => {
  const block = { height: 1, width: 10, token_pixels: 4, neighbourhood: 7, large_share: 0.9, level_tolerance: 1e-6 };
  const tenths = new Float32Array(10).fill(0.1);
  assert.equal(rowSummary(tenths, block, AT_FIRST).tokens_for_90, 9);
  tenths[0] += 1e-6; // the nine heaviest still hold more than 90 %
  assert.equal(rowSummary(tenths, block, AT_FIRST).tokens_for_90, 9);
  const short = Float32Array.of(0.8999995, 0.1000005);
  assert.equal(rowSummary(short, block, AT_FIRST).tokens_for_90, 1);
  assert.equal(rowSummary(short, { ...block, level_tolerance: 1e-12 }, AT_FIRST).tokens_for_90, 2);
});

test("ranks ignore distances and give equal weights equal colours", () => {
  assert.deepEqual(levels("rank", 1), [0, 128, 64, 255, 128]);
});

test("ticks carry weights, whatever the scale", () => {
  assert.deepEqual(barTicks({ scale: "linear", top: 0.4 }), [0, 0.2, 0.4]);
  assert.deepEqual(barTicks({ scale: "log", top: 1 }).map(formatWeight), ["1e-4", "0.01", "1"]);
  assert.deepEqual(barTicks({ scale: "rank", sorted }), [sorted[0], sorted[2], sorted[4]]);
  assert.equal(positionOnBar(0.2, { scale: "linear", top: 0.4 }), 128 / 255);
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
    "-1,300",
    "1.23e5",
  ]);
});

test("thousands are set apart, before the decimal point only", () => {
  assert.deepEqual(
    [0, 999, 1780, 3136.4, 1234567].map((value) => formatFixed(value)),
    ["0", "999", "1,780", "3,136", "1,234,567"],
  );
  assert.deepEqual(
    [0.1234, 1234.5678].map((value) => formatFixed(value, 4)),
    ["0.1234", "1,234.5678"],
  );
  assert.deepEqual([1780.4, 12.3, 2, 0.001, 0].map(formatTimes), ["1,780", "12", "2.00", "< 0.01", "0"]);
});

test("a colour map becomes opaque pixels", () => {
  const map = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
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

test("a choice keeps its point on other grids and obeys Python unless it is older", () => {
  const blocks = [
    { stage: 0, block: 0, height: 56, width: 56, heads: 2 },
    { stage: 1, block: 0, height: 28, width: 28, heads: 4 },
  ];
  const choice = new Choice(blocks);
  choice.adopt({ stage: 0, block: 0, row: 41, column: 3, head: 1, sequence: 4 });
  choice.chooseBlock(1);
  assert.deepEqual(choice.report(), { stage: 1, block: 0, row: 20, column: 1, head: 1, region: TOKEN, sequence: 5 });
  choice.adopt({ stage: 0, block: 0, row: 0, column: 0, head: null, sequence: 4 }); // an answer to what was before
  assert.equal(choice.index, 1);
  choice.adopt({ stage: 1, block: 0, row: 20, column: 1, head: 3, sequence: 5 });
  choice.adopt({ stage: 0, block: 0, row: 41, column: 3, head: 3, sequence: 5 });
  assert.deepEqual(choice.pinned(), { row: 41, column: 3 });
  assert.equal(choice.headOf(blocks[0]), -1); // it has no fourth head
  choice.chooseHead(-1);
  assert.deepEqual(choice.report(), { stage: 0, block: 0, row: 41, column: 3, head: null, region: TOKEN, sequence: 6 });
});

test("a token survives a coarser grid and back", () => {
  const point = centreOf({ row: 41, column: 3 }, { height: 56, width: 56 });
  assert.deepEqual(tokenAt(point, { height: 7, width: 7 }), { row: 5, column: 0 });
  assert.deepEqual(tokenAt(point, { height: 56, width: 56 }), { row: 41, column: 3 });
  assert.deepEqual(clampToken({ row: -2, column: 9 }, { height: 4, width: 4 }), { row: 0, column: 3 });
  assert.ok(sameToken(null, null) && !sameToken(null, { row: 0, column: 0 }));
});

test("the player walks to the end, waits for what loads, and starts over", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const log = [];
  let index = 0;
  let busy = false;
  const player = new Player({
    next: () => (index < 2 ? index + 1 : null),
    first: () => 0,
    busy: () => busy,
    go: (to) => {
      index = to;
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

test("picture and maps fit the room, the maps as large as they can be", () => {
  for (const [width, height] of [
    [1000, 510],
    [1060, 640],
    [1550, 820],
    [700, 440],
  ]) {
    for (const ratio of [0.3, 1, 1.5, 3]) {
      for (const maps of [2, 3, 4]) {
        const { columns, map, picture, beside } = arrangement({ width, height }, ratio, maps);
        const rows = Math.ceil(maps / columns);
        const around = beside ? 0 : map < 158 ? 98 + 17 : 98;
        assert.ok(picture + columns * (map + (beside ? 112 : 0) + 16) <= width, "too wide");
        assert.ok(picture / ratio + 49 <= height, "the picture is too high");
        assert.ok(rows * (map / ratio + around) + (rows - 1) * 10 <= height + 1, "the maps are too high");
        for (let other = 1; other <= maps; other++) {
          const high = ((height - (Math.ceil(maps / other) - 1) * 10) / Math.ceil(maps / other) - 115) * ratio;
          const wide = (width - Math.min((height - 49) * ratio, width / 2) - other * 16) / other;
          assert.ok(Math.floor(Math.min(high, wide)) <= map, "another number of columns has larger maps");
        }
      }
    }
  }
});

test("text stands beside the maps where that makes them larger, which takes a window as low as it is wide", () => {
  const low = arrangement({ width: 998, height: 460 }, 1, 4);
  assert.ok(low.beside && low.map >= 175 && low.picture >= 380);
  assert.equal(arrangement({ width: 998, height: 900 }, 1, 4).beside, false);
  assert.equal(arrangement({ width: 640, height: 440 }, 2, 4).beside, false, "rows lower than their text");
});

test("on a phone the maps stand under the picture, unless it is tall", () => {
  assert.equal(arrangement({ width: 360, height: 600 }, 1, 4), null);
  assert.notEqual(arrangement({ width: 360, height: 600 }, 0.3, 4), null);
});
