// Plotly's charts, as the rest of the app behaves: the wheel and a swipe scroll the page, Ctrl with the wheel zooms, and
// a drag moves a zoomed picture no further than its edge.

const SURFACE = ".js-plotly-plot .draglayer";
const CHART = ".js-plotly-plot";

let leaving = false;
let reach = null; // during a drag: where in the window the pointer is of use

export function letPagesScroll() {
  if (leaving) return;
  leaving = true;
  const keep = { capture: true, passive: true };
  document.addEventListener("wheel", (event) => !event.ctrlKey && !event.metaKey && pass(event), keep);
  document.addEventListener("touchstart", (event) => isZoomed(event.target) || pass(event), keep);
  keepWidths();
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

// Where the edge of a picture is reached, Plotly would cut off that end of the range alone, and so narrow it. So it hears
// of no place that lies further.
function keepWidths() {
  const begin = ({ target }, { clientX, clientY }) => {
    const drags = target.closest?.(SURFACE) && isZoomed(target);
    reach = drags ? reachOf(target.closest(CHART).layout, target.getBoundingClientRect(), clientX, clientY) : null;
  };
  const end = () => (reach = null);
  const early = { capture: true };
  window.addEventListener("mousedown", (event) => begin(event, event), early);
  window.addEventListener("touchstart", (event) => begin(event, event.touches[0]), early);
  window.addEventListener("mousemove", (event) => hold(event, event), early);
  window.addEventListener("touchmove", (event) => hold(event, event.touches[0]), { ...early, passive: false });
  for (const name of ["mouseup", "touchend", "touchcancel"]) window.addEventListener(name, end);
}

function reachOf({ xaxis, yaxis }, { width, height }, x, y) {
  return { across: span(xaxis, width, x), down: span(yaxis, height, y) };
}

// The pixels along an axis, of some length, to which a drag that starts at one of them leads.
function span({ range, minallowed, maxallowed }, length, start) {
  const [low, high] = [Math.min(...range), Math.max(...range)];
  const pixels = length / (high - low);
  return [start - (maxallowed - high) * pixels, start + (low - minallowed) * pixels];
}

function hold(event, { clientX, clientY }) {
  if (!reach || !event.isTrusted || event.touches?.length > 1) return;
  const within = (place, [least, most]) => Math.min(Math.max(place, least), most);
  const held = { clientX: within(clientX, reach.across), clientY: within(clientY, reach.down) };
  if (held.clientX === clientX && held.clientY === clientY) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  event.target.dispatchEvent(moved(event, held));
}

// The same event at another place.
function moved({ type, target, buttons, touches }, place) {
  const init = { bubbles: true, cancelable: true, view: window };
  if (!touches) return new MouseEvent(type, { ...init, ...place, buttons });
  const touch = [new Touch({ identifier: touches[0].identifier, target, ...place })];
  return new TouchEvent(type, { ...init, touches: touch, targetTouches: touch, changedTouches: touch });
}
