// Plotly's charts, as the rest of the app behaves: the wheel and a swipe scroll the page, and Ctrl with the wheel zooms.

const SURFACE = ".js-plotly-plot .draglayer";
const CHART = ".js-plotly-plot";

let leaving = false;

export function letPagesScroll() {
  if (leaving) return;
  leaving = true;
  const keep = { capture: true, passive: true };
  document.addEventListener("wheel", (event) => !event.ctrlKey && !event.metaKey && pass(event), keep);
  document.addEventListener("touchstart", (event) => isZoomed(event.target) || pass(event), keep);
}

// Plotly would keep the event from the page.
function pass(event) {
  if (event.target.closest?.(SURFACE)) event.stopPropagation();
}

// A picture that is zoomed follows the finger instead.
function isZoomed(target) {
  const axis = target.closest?.(CHART)?.layout?.xaxis;
  const { minallowed: low, maxallowed: high, range } = axis ?? {};
  return low !== undefined && range && range[1] - range[0] < 0.99 * (high - low);
}
