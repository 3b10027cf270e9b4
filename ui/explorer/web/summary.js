// The figures beside one row or column; the same definitions as analysis/redundancy/row_metrics.py.

const BUCKETS = 2048; // the upper 11 bits of a positive float: numbers in a higher bucket are larger
const counts = new Uint32Array(BUCKETS);
const sums = new Float64Array(BUCKETS);

// values: Float32Array, one weight per token, not negative; region: whose mean row or column it is (see region.js).
// Distances are from its middle; the local mass is that around a token, or inside a region of several. Shares are of the
// mass kept, values / sum. Returns null where the mass is no finite number.
export function rowSummary(values, block, region) {
  const { width, token_pixels: pixels } = block;
  const level = block.large_share - block.level_tolerance; // rounding must not cost a token
  const { row, column } = region;
  let mass = 0;
  for (let n = 0; n < values.length; n++) mass += values[n];
  if (!Number.isFinite(mass)) return null;
  const whole = mass || 1;
  let entropy = 0;
  let distance = 0;
  for (let n = 0, r = 0, c = 0; n < values.length; n++) {
    const share = values[n] / whole;
    if (share > 0) {
      const down = r - row;
      const across = c - column;
      entropy -= share * Math.log(share);
      distance += share * Math.sqrt(down * down + across * across);
    }
    if (++c === width) {
      c = 0;
      r++;
    }
  }
  return {
    mass,
    entropy,
    distance: distance * pixels,
    local_mass: sumOf(values, region.token ? around(region.token, block) : region.tokens) / whole,
    tokens_for_90: mass ? fewest(values, level * whole) : 0,
  };
}

function sumOf(values, tokens) {
  let sum = 0;
  for (const token of tokens) sum += values[token];
  return sum;
}

// The tokens in the window around one.
function around({ row, column }, { height, width, neighbourhood }) {
  const reach = Math.floor(neighbourhood / 2);
  const tokens = [];
  for (let r = Math.max(0, row - reach); r <= Math.min(height - 1, row + reach); r++) {
    for (let c = Math.max(0, column - reach); c <= Math.min(width - 1, column + reach); c++) tokens.push(r * width + c);
  }
  return tokens;
}

// The fewest tokens that together hold a mass. Only the bucket in which it is reached has to be sorted.
function fewest(values, wanted) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  counts.fill(0);
  sums.fill(0);
  for (let n = 0; n < values.length; n++) {
    counts[bits[n] >>> 20]++;
    sums[bits[n] >>> 20] += values[n];
  }
  let bucket = BUCKETS - 1;
  let held = 0;
  let tokens = 0;
  for (; bucket > 0 && held + sums[bucket] < wanted; bucket--) {
    held += sums[bucket];
    tokens += counts[bucket];
  }
  const falling = values
    .filter((_, n) => bits[n] >>> 20 === bucket)
    .sort()
    .reverse();
  for (const value of falling) {
    tokens++;
    held += value;
    if (held >= wanted) break;
  }
  return tokens;
}
