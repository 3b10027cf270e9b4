// Maps side by side in which a click, or an arrow key, moves one spot everywhere; they zoom together.

import { element, setText } from "./dom.js";
import { listenToZoom } from "./gestures.js";
import { wholePicture, zoomBar, zoomedInMiddle } from "./zoom.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const ENDS = 2; // decades to either side of the middle of the bar
const SHARES = { width: 1, height: 1 }; // the maps may be of several pictures, so their view is one of shares

class SpotMaps {
  constructor(host) {
    this.view = wholePicture();
    this.bar = zoomBar({
      label: "Zoom of all maps",
      hint: "A click or an arrow key moves the spot in all maps.",
      zoom: (factor) => this.show(zoomedInMiddle(this.view, SHARES, factor)),
      whole: () => this.show(wholePicture()),
    });
    this.row = element("div", { class: "spots" });
    host.append(element("div", { class: "spot-maps" }, this.bar.root, this.row));
  }

  update(panels, pick) {
    const focused = [...this.row.children].findIndex((child) => child.contains(this.row.getRootNode().activeElement));
    this.row.replaceChildren(...panels.map((panel, index) => this.panel(panel, (...token) => pick(index, ...token))));
    if (focused >= 0) this.row.children[focused]?.querySelector(".map").focus();
    this.show(this.view);
  }

  show(view) {
    this.view = view;
    this.bar.showLevel(view);
    this.row.classList.toggle("zoomed", view.zoom > 1);
    this.row.style.setProperty("--zoom", view.zoom);
    for (const layers of this.row.querySelectorAll(".layers"))
      layers.style.transform = `scale(${view.zoom}) translate(${-100 * view.x}%, ${-100 * view.y}%)`;
  }

  panel(panel, pick) {
    const heat = element("img", { class: "heat", src: panel.heat, alt: "" });
    placeAt(heat, panel, 0, 0, panel.rows, panel.columns);
    const frame = element("div", { class: "frame" });
    placeAt(frame, panel, panel.row, panel.column, 1, 1);
    const ground = element("img", { class: "ground", src: panel.ground, alt: "" });
    const map = element(
      "div",
      {
        class: "map",
        tabindex: "0",
        role: "application",
        "aria-label": `${panel.title}. ${panel.note}. A click or the arrow keys move the spot.`,
      },
      element("div", { class: "layers" }, ground, heat, frame),
    );
    const readout = element("p", { class: "readout", text: valueAt(panel, panel.row, panel.column) });
    this.listen(map, panel, readout, (row, column) => {
      placeAt(frame, panel, row, column, 1, 1); // at once; the maps follow
      pick(row, column);
    });
    return withText(panel, map, readout);
  }

  listen(map, panel, readout, pick) {
    listenToZoom(map, {
      picture: () => SHARES,
      view: () => this.view,
      show: (view) => this.show(view),
      point: (place) =>
        setText(readout, valueAt(panel, ...(place ? tokenAt(place, panel) : [panel.row, panel.column]))),
      press: (place) => pick(...tokenAt(place, panel)),
    });
    map.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      pick(clamped(panel.row + step[0], panel.rows), clamped(panel.column + step[1], panel.columns));
    });
  }
}

function withText(panel, map, readout) {
  const dot = element("span", { class: "dot", "aria-hidden": "true", text: "\u25CF" });
  dot.style.color = panel.colour;
  const bar = element("div", { class: "bar" });
  bar.style.background = panel.gradient;
  const ticks = panel.ticks.map((text) => element("span", { text }));
  const whole = element(
    "section",
    { class: "panel" },
    element("p", { class: "title" }, dot, element("strong", { text: ` ${panel.title}` })),
    element("p", { class: "note", text: panel.note }),
    map,
    bar,
    element("div", { class: "ticks" }, ...ticks),
    element("p", { class: "quantity", text: panel.quantity }),
    readout,
  );
  whole.style.setProperty("--ratio", panel.width / panel.height);
  return whole;
}

function tokenAt(place, panel) {
  const [row, column] = [(place.y * panel.height) / panel.side, (place.x * panel.width) / panel.side];
  return [clamped(Math.floor(row), panel.rows), clamped(Math.floor(column), panel.columns)];
}

function valueAt(panel, row, column) {
  const decades = panel.decades[row * panel.columns + column];
  if (decades === null) return `(${row}, ${column}): the other model sees nothing here`;
  const times = 10 ** decades;
  const most = decades >= ENDS ? "at least " : "";
  const size = decades <= -ENDS && !panel.ratio ? "at most 0.01" : `${most}${times.toPrecision(3)}`;
  return `token (${row}, ${column}): ${size} ${panel.unit}`;
}

function placeAt(target, panel, row, column, rows, columns) {
  target.style.top = `${((100 * panel.side) / panel.height) * row}%`;
  target.style.left = `${((100 * panel.side) / panel.width) * column}%`;
  target.style.height = `${((100 * panel.side) / panel.height) * rows}%`;
  target.style.width = `${((100 * panel.side) / panel.width) * columns}%`;
}

const clamped = (index, count) => Math.min(Math.max(index, 0), count - 1);

const mountedMaps = new WeakMap();

// Streamlit calls this when the component appears and whenever its data changes.
export function mountSpotMaps({ data, parentElement, setTriggerValue }) {
  let maps = mountedMaps.get(parentElement);
  if (!maps) mountedMaps.set(parentElement, (maps = new SpotMaps(parentElement)));
  maps.update(data.panels, (panel, row, column) => setTriggerValue("picked", { panel, row, column }));
}
