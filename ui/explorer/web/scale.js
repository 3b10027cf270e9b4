// From weights to levels of colour, and the ticks of the colour bar.
//
// A bar is { scale, top, uniform, sorted }: "uniform" counts in multiples of uniform attention and is the same for all
// tokens and panels; "linear" and "log" end at `top`; "rank" shows the order only and needs the values sorted.

const DECADES = 4; // that a logarithmic bar spans
const MIDDLE = 128 / 255; // a whole level, so that rounding does not make equal weights differ
const SAME = 1e-3; // share of their size by which values that are all the same may differ: rounding

// Fills `levels` (Uint8Array) with 0 to 255 for each value; what is no number is drawn as nothing.
export function toLevels(values, bar, levels) {
  if (bar.scale === "rank") return toRanks(values, bar.sorted, levels);
  for (let n = 0; n < values.length; n++) {
    const part = fraction(values[n], bar);
    levels[n] = part > 0 ? Math.min(255, Math.round(part * 255)) : 0;
  }
  return levels;
}

function fraction(value, { scale, top, uniform }) {
  if (scale === "uniform") return value > 0 ? MIDDLE + Math.log10(value / uniform) / DECADES : 0;
  if (top === 0) return 0;
  if (scale === "log") return value > 0 ? 1 + Math.log10(value / top) / DECADES : 0;
  return value / top;
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

// The weight at the end of a bar: the largest; where all are the same, so much more that they have its middle.
export function topOf(values) {
  let top = 0;
  let least = Infinity;
  for (let n = 0; n < values.length; n++) {
    const value = values[n];
    if (!Number.isFinite(value)) continue;
    if (value > top) top = value;
    if (value < least) least = value;
  }
  return values.length > 1 && top - least <= SAME * top ? top / MIDDLE : top;
}

// Where a value lies on the bar, from 0 to 1.
export function positionOnBar(value, bar) {
  return toLevels([value], bar, new Uint8Array(1))[0] / 255;
}

// The values at the start, the middle and the end of a bar.
export function barTicks({ scale, top, sorted }) {
  return [0, 0.5, 1].map((at) => {
    if (scale === "uniform") return 10 ** (DECADES * (at - 0.5));
    if (scale === "log") return top * 10 ** (DECADES * (at - 1));
    return scale === "rank" ? sorted[Math.round(at * (sorted.length - 1))] : at * top;
  });
}
