// Plotly's charts under the keyboard: Tab reaches each, arrows walk over what is drawn, Enter clicks it.

const PLACE = ".stPlotlyChart";
export const FRAME = "[class*=st-key-pinnable_], [class*=st-key-picture_]"; // of one chart, and gone with it
export const PLOT = ".js-plotly-plot";
const AREA = ".nsewdrag";
const MARKS = ".points path.point, .bars .point path";
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const ASIDE = 3; // how much more a step aside counts than a step ahead
const LEAST = 1; // CSS pixels that a step goes ahead
const RETRY_MS = 100; // a chart that is not shown yet takes no focus

let walking = false;
let spoken = null;
const at = new WeakMap(); // where each chart was walked to, as shares of its area
let clicked = null; // the chart whose click may draw another one in its place

export function openToKeyboard() {
  if (walking) return;
  walking = true;
  spoken = document.createElement("div");
  spoken.setAttribute("aria-live", "polite");
  spoken.style.cssText = "position: fixed; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)";
  document.body.append(spoken);
  let due = 0;
  const later = () => (due ||= requestAnimationFrame(() => ((due = 0), openNew())));
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("keydown", walk);
  document.addEventListener("pointerdown", () => (clicked = null));
  document.addEventListener("focusin", ({ target }) => clicked?.home().contains(target) || (clicked = null));
  openNew();
}

function openNew() {
  for (const place of document.querySelectorAll(`${PLACE}:not([tabindex])`)) {
    if (!place.querySelector(AREA)) continue;
    place.tabIndex = 0;
    if (!place.hasAttribute("role")) place.setAttribute("role", "figure");
    place.setAttribute("aria-roledescription", "chart; arrow keys walk over it");
    place.addEventListener("blur", () => leave(place));
  }
  if (clicked && document.activeElement === document.body) comeBack(clicked);
}

// The chart that was clicked may be gone, and another one stand in its place, more than once: the focus comes back until
// it goes elsewhere.
function comeBack({ home, spot }) {
  const place = home().querySelector(`${PLACE}[tabindex]`);
  if (!place) return;
  at.set(place, spot);
  place.focus({ preventScroll: true });
  if (document.activeElement !== place) setTimeout(openNew, RETRY_MS);
}

function walk(event) {
  const place = event.target;
  if (!place.matches?.(PLACE) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && at.has(place)) click(place);
  else if (ARROWS[event.key]) step(place, ARROWS[event.key]);
  else return;
  event.preventDefault();
}

function step(place, [right, down]) {
  const area = place.querySelector(AREA).getBoundingClientRect();
  const from = pointOf(place, area);
  let best = null;
  for (const spot of spots(place, area)) {
    const [dx, dy] = [spot.x - from.x, spot.y - from.y];
    const ahead = dx * right + dy * down;
    const cost = ahead + ASIDE * Math.abs(right ? dy : dx);
    if (ahead >= LEAST && (!best || cost < best.cost)) best = { cost, spot };
  }
  if (!best) return;
  const spot = { x: (best.spot.x - area.left) / area.width, y: (best.spot.y - area.top) / area.height };
  at.set(place, spot);
  if (clicked) clicked.spot = spot;
  point(place, "mousemove");
  setTimeout(() => {
    spoken.textContent = [...place.querySelectorAll(".hovertext")].map((each) => each.textContent).join("; ");
  }, 100); // Plotly waits a moment before it writes
}

// The first step starts from the middle.
function pointOf(place, area) {
  const { x, y } = at.get(place) ?? { x: 0.5, y: 0.5 };
  return { x: area.left + x * area.width, y: area.top + y * area.height };
}

// The middle of each mark, or of each square of a map.
function spots(place, area) {
  const marks = [...place.querySelectorAll(MARKS)].map((mark) => middle(mark.getBoundingClientRect()));
  const found = marks.length ? marks : squares(place);
  return found.filter(({ x, y }) => x >= area.left && x <= area.right && y >= area.top && y <= area.bottom);
}

function squares(place) {
  const image = place.querySelector(".heatmaplayer image")?.getBoundingClientRect();
  const values = place
    .querySelector(PLOT)
    .calcdata?.map((traced) => traced[0]?.z)
    .find(Boolean);
  if (!image || !values?.length) return [];
  const [tall, wide] = [image.height / values.length, image.width / values[0].length];
  return Array.from({ length: values.length * values[0].length }, (_, square) => ({
    x: image.left + ((square % values[0].length) + 0.5) * wide,
    y: image.top + (Math.floor(square / values[0].length) + 0.5) * tall,
  }));
}

function middle(box) {
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

function click(place) {
  const frame = place.closest(FRAME) ?? place;
  const block = frame.parentElement.closest(".stVerticalBlock") ?? document.body;
  const key = [...block.classList].find((name) => name.startsWith("st-key-"));
  const home = () => (key && document.querySelector(`.${key}`)) || block; // a block may be drawn anew, too
  clicked = { home, spot: at.get(place) };
  for (const name of ["mousemove", "mousedown", "mouseup", "click"]) point(place, name);
}

function leave(place) {
  point(place, "mouseout");
}

function point(place, name) {
  const target = place.querySelector(AREA);
  if (!target) return; // the chart is drawn anew
  const { x, y } = pointOf(place, target.getBoundingClientRect());
  target.dispatchEvent(new MouseEvent(name, { bubbles: true, cancelable: true, view: window, clientX: x, clientY: y }));
}
