// The figures beside one row or column; the same definitions as analysis/row_summary.py.

const SLACK = 1e-12; // so that a share of exactly 90 % is reached in spite of rounding

// values: one weight per token; sorted: the same, rising. Shares are of the mass kept, values / sum.
export function rowSummary(values, sorted, block, anchor) {
  const { width, token_pixels: pixels, neighbourhood, large_share: largeShare } = block;
  const row = Math.floor(anchor / width);
  const column = anchor % width;
  const reach = Math.floor(neighbourhood / 2);
  let mass = 0;
  for (let n = 0; n < values.length; n++) mass += values[n];
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
    if (++c === width) { c = 0; r++; }
  }
  return { mass, entropy, distance: distance * pixels, near, tokens: mass ? fewest(sorted, whole, largeShare) : 0 };
}

// The fewest tokens that together hold a share of the mass.
function fewest(sorted, whole, share) {
  const wanted = share - SLACK;
  let held = 0;
  for (let i = sorted.length - 1; i >= 0; i--) {
    held += sorted[i] / whole;
    if (held >= wanted) return sorted.length - i;
  }
  return sorted.length;
}
