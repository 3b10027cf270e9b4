// The figures beside one row or column; the same definitions as analysis/redundancy/row_metrics.py.

const BUCKETS = 2048; // the upper 11 bits of a positive float: numbers in a higher bucket are larger
const counts = new Uint32Array(BUCKETS);
const sums = new Float64Array(BUCKETS);

// values: Float32Array, one weight per token, not negative. Shares are of the mass kept, values / sum. Returns null where
// the mass is no finite number.
export function rowSummary(values, block, anchor) {
  const { width, token_pixels: pixels, neighbourhood } = block;
  const level = block.large_share - block.level_tolerance; // rounding must not cost a token
  const row = Math.floor(anchor / width);
  const column = anchor % width;
  const reach = Math.floor(neighbourhood / 2);
  let mass = 0;
  for (let n = 0; n < values.length; n++) mass += values[n];
  if (!Number.isFinite(mass)) return null;
  const whole = mass || 1;
  let entropy = 0;
  let distance = 0;
  let near = 0;
  for (let n = 0, r = 0, c = 0; n < values.length; n++) {
    const share = values[n] / whole;
    if (share > 0) {
      const down = r - row;
      const across = c - column;
      entropy -= share * Math.log(share);
      distance += share * Math.sqrt(down * down + across * across);
      if (Math.abs(down) <= reach && Math.abs(across) <= reach) near += share;
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
    local_mass: near,
    tokens_for_90: mass ? fewest(values, level * whole) : 0,
  };
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
