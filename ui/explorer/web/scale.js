// From weights to colours: linear, logarithmic or by rank, and the ticks of the colour bar in absolute units.

const DECADES = 4; // the logarithmic bar reaches from its top down to 10^-DECADES of it

export const SCALES = ["linear", "log", "rank"];

// Fills `levels` (Uint8Array) with 0 to 255 for each value. `sorted` holds the same values, rising; only
// ranks need it.
export function toLevels(values, sorted, scale, top, levels) {
  if (scale === "rank") return toRanks(values, sorted, levels);
  const factor = top > 0 ? 1 / top : 0;
  for (let n = 0; n < values.length; n++) {
    let part = values[n] * factor;
    if (scale === "log") part = part > 0 ? 1 + Math.log10(part) / DECADES : 0;
    levels[n] = part <= 0 ? 0 : part >= 1 ? 255 : Math.round(part * 255);
  }
  return levels;
}

// A token's rank is the share of tokens with a smaller weight; equal weights have equal ranks.
function toRanks(values, sorted, levels) {
  const last = Math.max(1, sorted.length - 1);
  for (let n = 0; n < values.length; n++) {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < values[n]) low = middle + 1;
      else high = middle;
    }
    levels[n] = Math.round((255 * low) / last);
  }
  return levels;
}

// Where a value lies on the bar, from 0 to 1.
export function placeOnBar(value, sorted, scale, top) {
  const level = new Uint8Array(1);
  return toLevels([value], sorted, scale, top, level)[0] / 255;
}

// Returns [{ at, value }]: positions along the bar, from 0 to 1, and the weights they stand for.
export function barTicks(sorted, scale, top) {
  if (scale === "linear") return [0, 0.5, 1].map((at) => ({ at, value: at * top }));
  if (scale === "log") return [0, 0.5, 1].map((at) => ({ at, value: top * 10 ** (DECADES * (at - 1)) }));
  return [0, 0.5, 1].map((at) => ({ at, value: sorted[Math.round(at * (sorted.length - 1))] }));
}

// At most three significant digits, like `short` of analysis/figures/numbers.py: powers of ten for what rounds to less
// than 0.001 or to 100,000 and more.
export function formatWeight(value) {
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  if (size === 0 || (size >= 0.001 && size < 1e5)) return String(size === 0 ? 0 : rounded);
  return rounded.toExponential().replace("e+", "e");
}

// The colour map (256 x RGB bytes) as 32-bit pixels of ImageData.
export function pixelTable(colourMap) {
  const pixels = new Uint8ClampedArray(256 * 4);
  for (let level = 0; level < 256; level++) {
    pixels.set(colourMap.subarray(3 * level, 3 * level + 3), 4 * level);
    pixels[4 * level + 3] = 255;
  }
  return new Uint32Array(pixels.buffer);
}
