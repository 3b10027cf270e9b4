// Maps side by side in which a click, or an arrow key, moves one spot everywhere; they zoom together. The browser holds
// the token that was picked last, so that no press is lost while Python still answers an older one.

import { element, setText } from "./dom.js";
import { listenToZoom } from "./gestures.js";
import { formatWeight } from "./numbers.js";
import { wholePicture, zoomBar, zoomedInMiddle } from "./zoom.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const ENDS = 2; // decades to either side of the middle of the bar
const SHARES = { width: 1, height: 1 }; // the maps may be of several pictures, so their view is one of shares

class SpotMaps {
  constructor(host) {
    this.view = wholePicture();
    this.figures = [];
    this.sequence = null; // counts picks made here; null until Python has said where to start
    this.picked = null;
    this.bar = zoomBar({
      label: "Zoom of all maps",
      hint: "A click or an arrow key moves the spot in all maps.",
      zoom: (factor) => this.show(zoomedInMiddle(this.view, SHARES, factor)),
      whole: () => this.show(wholePicture()),
    });
    this.row = element("div", { class: "spots" });
    host.append(element("div", { class: "spot-maps" }, this.bar.root, this.row));
  }

  // pick(picked) hears of a token, with a number that Python gives back as the sequence of its answer.
  update({ panels, sequence }, pick) {
    this.pick = pick;
    if (this.sequence === null || sequence >= this.sequence) Object.assign(this, { sequence, picked: null });
    if (this.figures.length !== panels.length) {
      this.figures = panels.map((_, index) => this.figure(index));
      this.row.replaceChildren(...this.figures.map((figure) => figure.root));
    } // else they stay where they are, and keep the focus
    this.figures.forEach((figure, index) => fill(figure, this.held(panels[index], index)));
    this.show(this.view);
  }

  // A copy of a panel, with the token that was picked in it if Python's answer is older than that.
  held(panel, index) {
    const { picked } = this;
    if (picked?.panel !== index || picked.row >= panel.rows || picked.column >= panel.columns) return { ...panel };
    return { ...panel, row: picked.row, column: picked.column };
  }

  show(view) {
    this.view = view;
    this.bar.showLevel(view);
    this.row.classList.toggle("zoomed", view.zoom > 1);
    this.row.style.setProperty("--zoom", view.zoom);
    for (const layers of this.row.querySelectorAll(".layers"))
      layers.style.transform = `scale(${view.zoom}) translate(${-100 * view.x}%, ${-100 * view.y}%)`;
  }

  figure(index) {
    const figure = makeFigure();
    const { map, readout } = figure;
    const pick = (row, column) => {
      Object.assign(figure.panel, { row, column }); // where the next step starts; the maps follow
      showSpot(figure);
      this.sequence += 1;
      this.picked = { panel: index, row, column };
      this.pick({ ...this.picked, sequence: this.sequence });
    };
    listenToZoom(map, {
      picture: () => SHARES,
      view: () => this.view,
      show: (view) => this.show(view),
      point: (place) => {
        const { panel } = figure;
        setText(readout, valueAt(panel, ...(place ? tokenAt(place, panel) : [panel.row, panel.column])));
      },
      press: (place) => pick(...tokenAt(place, figure.panel)),
    });
    map.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      const { row, column, rows, columns } = figure.panel;
      pick(clamped(row + step[0], rows), clamped(column + step[1], columns));
    });
    return figure;
  }
}

// The elements of a panel; `fill` says what they show.
function makeFigure() {
  const [ground, heat] = ["ground", "heat"].map((name) => element("img", { class: name, alt: "" }));
  const frame = element("div", { class: "frame" });
  const layers = element("div", { class: "layers" }, ground, heat, frame);
  const map = element("div", { class: "map", tabindex: "0", role: "application" }, layers);
  const dot = element("span", { class: "dot", "aria-hidden": "true", text: "\u25CF" });
  const name = element("strong");
  const [note, quantity, readout] = ["note", "quantity", "readout"].map((each) => element("p", { class: each }));
  const [bar, ticks] = ["bar", "ticks"].map((each) => element("div", { class: each }));
  const title = element("p", { class: "title" }, dot, name);
  const root = element("section", { class: "panel" }, title, note, map, bar, ticks, quantity, readout);
  return { root, map, ground, heat, frame, dot, name, note, bar, ticks, quantity, readout };
}

function fill(figure, panel) {
  const { root, map, ground, heat, dot, name, note, bar, ticks, quantity } = figure;
  figure.panel = panel;
  map.setAttribute("aria-label", `${panel.title}. ${panel.note}. A click or the arrow keys move the spot.`);
  ground.src = panel.ground;
  heat.src = panel.heat;
  placeAt(heat, panel, 0, 0, panel.rows, panel.columns);
  dot.style.color = panel.colour;
  setText(name, ` ${panel.title}`);
  setText(note, panel.note);
  bar.style.background = panel.gradient;
  ticks.replaceChildren(...panel.ticks.map((text) => element("span", { text })));
  setText(quantity, panel.quantity);
  root.style.setProperty("--ratio", panel.width / panel.height);
  showSpot(figure);
}

function showSpot({ panel, frame, readout }) {
  placeAt(frame, panel, panel.row, panel.column, 1, 1);
  setText(readout, valueAt(panel, panel.row, panel.column));
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
  const size = decades <= -ENDS && !panel.ratio ? "at most 0.01" : `${most}${formatWeight(times)}`;
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
export function mountSpotMaps({ data, parentElement, setStateValue }) {
  let maps = mountedMaps.get(parentElement);
  if (!maps) mountedMaps.set(parentElement, (maps = new SpotMaps(parentElement)));
  maps.update(data, (picked) => setStateValue("picked", picked));
}
