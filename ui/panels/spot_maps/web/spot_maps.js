// Maps side by side in which a click, or an arrow key, moves one spot everywhere. Streamlit mounts the default export.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const ENDS = 2; // decades to either side of the middle of the bar

const hosts = new WeakMap();

export default function mountSpotMaps({ data, parentElement, setTriggerValue }) {
  let host = hosts.get(parentElement);
  if (!host) {
    host = made("div", { className: "spots" });
    parentElement.append(host);
    hosts.set(parentElement, host);
  }
  const focused = [...host.children].findIndex((child) => child.contains(host.getRootNode().activeElement));
  const pick = (panel, row, column) => setTriggerValue("picked", { panel, row, column });
  host.replaceChildren(...data.panels.map((panel, index) => drawPanel(panel, index, pick)));
  if (focused >= 0) host.children[focused]?.querySelector(".map").focus();
}

function drawPanel(panel, index, pick) {
  const map = made("div", { className: "map", tabIndex: 0, role: "application" });
  map.setAttribute("aria-label", `${panel.title}. ${panel.note}. A click or the arrow keys move the spot.`);
  map.style.aspectRatio = `${panel.width} / ${panel.height}`;
  const heat = made("img", { className: "heat", src: panel.heat, alt: "" });
  place(heat, panel, 0, 0, panel.rows, panel.columns);
  const frame = made("div", { className: "frame" });
  place(frame, panel, panel.row, panel.column, 1, 1);
  map.append(made("img", { className: "ground", src: panel.ground, alt: "" }), heat, frame);
  const readout = made("p", { className: "readout", textContent: valueAt(panel, panel.row, panel.column) });
  listen(map, panel, readout, (row, column) => {
    place(frame, panel, row, column, 1, 1); // at once; the maps follow
    pick(index, row, column);
  });
  return withText(panel, map, readout);
}

function withText(panel, map, readout) {
  const dot = made("span", { className: "dot", textContent: "\u25CF" });
  dot.style.color = panel.colour;
  dot.ariaHidden = "true";
  const title = made("p", { className: "title" });
  title.append(dot, made("strong", { textContent: ` ${panel.title}` }));
  const note = made("p", { className: "note", textContent: panel.note });
  const bar = made("div", { className: "bar" });
  bar.style.background = panel.gradient;
  const ticks = made("div", { className: "ticks" });
  ticks.append(...panel.ticks.map((text) => made("span", { textContent: text })));
  const quantity = made("p", { className: "quantity", textContent: panel.quantity });
  const whole = made("section", { className: "panel" });
  whole.append(title, note, map, bar, ticks, quantity, readout);
  return whole;
}

function listen(map, panel, readout, pick) {
  const under = (event) => tokenUnder(event, map, panel);
  map.addEventListener("click", (event) => pick(...under(event)));
  map.addEventListener("pointermove", (event) => {
    readout.textContent = valueAt(panel, ...under(event));
  });
  map.addEventListener("pointerleave", () => {
    readout.textContent = valueAt(panel, panel.row, panel.column);
  });
  map.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    pick(within(panel.row + step[0], panel.rows), within(panel.column + step[1], panel.columns));
  });
}

function tokenUnder(event, map, panel) {
  const box = map.getBoundingClientRect();
  const y = ((event.clientY - box.top) / box.height) * panel.height;
  const x = ((event.clientX - box.left) / box.width) * panel.width;
  return [within(Math.floor(y / panel.side), panel.rows), within(Math.floor(x / panel.side), panel.columns)];
}

function valueAt(panel, row, column) {
  const decades = panel.decades[row * panel.columns + column];
  if (decades === null) return `(${row}, ${column}): the other model sees nothing here`;
  const times = 10 ** decades;
  const most = decades >= ENDS ? "at least " : "";
  const size = decades <= -ENDS && !panel.ratio ? "at most 0.01" : `${most}${times.toPrecision(3)}`;
  return `token (${row}, ${column}): ${size} ${panel.unit}`;
}

function place(target, panel, row, column, rows, columns) {
  target.style.top = `${((100 * panel.side) / panel.height) * row}%`;
  target.style.left = `${((100 * panel.side) / panel.width) * column}%`;
  target.style.height = `${((100 * panel.side) / panel.height) * rows}%`;
  target.style.width = `${((100 * panel.side) / panel.width) * columns}%`;
}

const within = (index, count) => Math.min(Math.max(index, 0), count - 1);

const made = (name, properties) => Object.assign(document.createElement(name), properties);
