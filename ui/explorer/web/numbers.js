// Numbers as people read them, like those of analysis/figures/numbers.py.

// At most three significant digits, like `short`: powers of ten for what rounds to less than 0.001 or to 100,000 and more.
export function formatWeight(value) {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  if (size === 0 || (size >= 0.001 && size < 1e5)) return withCommas(String(size === 0 ? 0 : rounded));
  return rounded.toExponential().replace("e+", "e");
}

// A multiple of uniform attention in words.
export function formatTimes(times) {
  if (!Number.isFinite(times)) return "–";
  if (times === 0) return "0";
  return times >= 10 ? formatFixed(times, 0) : times >= 0.01 ? formatFixed(times, 2) : "< 0.01";
}

// With so many decimals: "1,780", "0.50".
export function formatFixed(value, decimals = 0) {
  return withCommas(value.toFixed(decimals));
}

function withCommas(written) {
  const [whole, ...decimals] = written.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...decimals].join(".");
}
