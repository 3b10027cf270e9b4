// The linked panels: they share a view and the region that is pointed at; a click reports a token.

import { drawPanel } from "./drawing.js";
import { element, setText } from "./dom.js";
import { bordersOf, cellAt, coverage } from "./labels.js";
import { sceneOf } from "./scene.js";
import { listenToZoom } from "./gestures.js";
import { partOf, viewOf, wholePicture, zoomBar, zoomedInMiddle } from "./zoom.js";

const REPORT_MS = 400; // a zoom is reported when it rests
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

export class GroupPanels {
  // pick(place) hears of a token, zoomed(part) of the part that is shown.
  constructor(host, { pick, zoomed }) {
    this.pick = pick;
    this.zoomed = zoomed;
    this.view = wholePicture();
    this.turn = 0;
    this.sequence = null; // counts zooms made here; null until Python has said where to start
    this.zoomDue = 0;
    this.figures = [];
    this.rows = element("div", { class: "sections" });
    host.append(this.toolbar(), this.rows);
    this.observer = new ResizeObserver(() => this.fit());
  }

  async update({ part, ...data }) {
    const turn = ++this.turn;
    const content = JSON.stringify(data);
    if (content === this.content) return this.adopt(part); // what is pointed at stays
    const same = this.scene?.picture.name === data.picture.name;
    if (!same) this.rows.replaceChildren(); // another picture's panels must not stay for a moment
    const scene = await sceneOf(data);
    if (turn !== this.turn) return; // a newer one came meanwhile
    if (!same) this.view = wholePicture();
    this.content = content;
    this.scene = scene;
    this.pointed = null;
    this.bar.hint(data.hint);
    this.build();
    this.adopt(part);
  }

  // Shows the part that Python says, unless a later one was chosen here; pages may leave the zoom to the browser.
  adopt(part) {
    if (!part || (this.sequence !== null && part.sequence < this.sequence)) return;
    this.sequence = part.sequence;
    const now = partOf(this.view, this.scene.picture);
    if (Object.keys(now).some((name) => now[name] !== part[name])) this.show(viewOf(part, this.scene.picture));
  }

  // Shows a part that a person chose.
  choose(view) {
    this.show(view);
    if (this.sequence === null) return;
    this.sequence += 1;
    clearTimeout(this.zoomDue);
    const report = () => this.zoomed({ ...partOf(this.view, this.scene.picture), sequence: this.sequence });
    this.zoomDue = setTimeout(report, REPORT_MS);
  }

  destroy() {
    this.turn++;
    clearTimeout(this.zoomDue);
    this.observer.disconnect();
  }

  toolbar() {
    const ready = (act) => () => this.scene && act();
    this.bar = zoomBar({
      label: "Zoom of all panels",
      zoom: (factor) => ready(() => this.choose(zoomedInMiddle(this.view, this.scene.picture, factor)))(),
      whole: ready(() => this.choose(wholePicture())),
    });
    return this.bar.root;
  }

  build() {
    this.observer.disconnect();
    this.figures = this.scene.panels.map((panel) => this.figure(panel));
    const sections = new Map();
    for (const figure of this.figures) {
      const name = figure.panel.section;
      sections.set(name, [...(sections.get(name) ?? []), figure]);
    }
    const { width, height } = this.scene.picture;
    this.rows.style.setProperty("--ratio", `${width / height}`);
    this.rows.classList.toggle("several", sections.size > 1);
    this.rows.replaceChildren(
      ...[...sections].map(([name, figures]) =>
        element(
          "section",
          {},
          ...(name ? [element("h4", { text: name })] : []),
          element("div", { class: "panels" }, ...figures.map((figure) => figure.root)),
        ),
      ),
    );
    for (const figure of this.figures) this.observer.observe(figure.canvas);
    this.show(this.view);
  }

  figure(panel) {
    const canvas = element("canvas", {
      tabindex: "0",
      role: "img",
      "aria-label": `${panel.title}: ${panel.note}`,
      "data-picture": this.scene.picture.name,
    });
    const dot = element("span", { class: "dot", "aria-hidden": "true", text: "\u25cf" });
    dot.style.color = panel.colour;
    const readout = element("p", { class: "readout" });
    const heading = element("p", { class: "heading" }, dot, element("strong", { text: panel.title }));
    const note = element("p", { class: "note", text: panel.note });
    const figure = { panel, canvas, readout, root: element("figure", {}, heading, note, canvas, readout) };
    this.listen(figure);
    return figure;
  }

  listen(figure) {
    const { canvas } = figure;
    listenToZoom(canvas, {
      picture: () => this.scene.picture,
      view: () => this.view,
      show: (view) => this.choose(view),
      point: (place) => this.point(figure, place),
      press: (place) => {
        this.point(figure, place);
        this.report(place);
      },
    });
    canvas.addEventListener("blur", () => this.point(figure, null));
    canvas.addEventListener("keydown", (event) => this.key(figure, event));
  }

  // The arrows walk token by token, Enter chooses the token.
  key(figure, event) {
    const { picture, grid } = this.scene;
    const [wide, tall] = [picture.width / grid.columns, picture.height / grid.rows];
    const from = this.pointed?.place ?? { x: picture.width / 2, y: picture.height / 2 };
    if (ARROWS[event.key]) {
      const [dx, dy] = ARROWS[event.key];
      const x = Math.min(picture.width - wide / 2, Math.max(wide / 2, from.x + dx * wide));
      const y = Math.min(picture.height - tall / 2, Math.max(tall / 2, from.y + dy * tall));
      this.point(figure, { x, y });
    } else if (event.key === "Enter" && this.pointed) this.report(this.pointed.place);
    else return;
    event.preventDefault();
  }

  point(figure, place) {
    const { picture } = this.scene;
    const labels = figure.panel.labels;
    const cell = place && cellAt(labels, picture, place.x, place.y);
    if (cell === null) {
      if (!this.pointed) return;
      this.pointed = null;
    } else {
      const group = labels.of[cell];
      const before = this.pointed;
      if (before?.figure === figure && before.group === group) {
        before.place = place;
        return;
      }
      this.pointed = { figure, group, place, region: bordersOf(labels, group, picture) };
    }
    this.read();
    this.draw();
  }

  // Says below each panel what lies in the region.
  read() {
    for (const figure of this.figures) setText(figure.readout, this.pointed ? this.said(figure) : "");
  }

  said({ panel }) {
    const { figure, group } = this.pointed;
    const labels = figure.panel.labels;
    const { share, groups, largest } = coverage(labels, group, panel.labels);
    if (panel === figure.panel) return `Group ${labels.names[group]}: ${percent(share)} of the picture`;
    if (groups === 1) return "1 group here holds all of it";
    return `${groups} groups here, the largest with ${percent(largest)} of it`;
  }

  report(place) {
    const { picture, grid, picks } = this.scene;
    if (!picks) return;
    const cell = cellAt(grid, picture, place.x, place.y);
    if (cell !== null) this.pick({ row: Math.floor(cell / grid.columns), column: cell % grid.columns });
  }

  show(view) {
    this.view = view;
    this.bar.showLevel(view);
    this.rows.classList.toggle("zoomed", view.zoom > 1);
    this.fit();
  }

  fit() {
    for (const { canvas } of this.figures) {
      const wide = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
      const tall = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
      if (canvas.width !== wide) canvas.width = wide;
      if (canvas.height !== tall) canvas.height = tall;
    }
    this.draw();
  }

  draw() {
    for (const { canvas, panel } of this.figures) drawPanel(canvas, this.scene, panel, this.view, this.pointed?.region);
  }
}

function percent(share) {
  return share < 0.01 ? `${(100 * share).toFixed(2)} %` : `${Math.round(100 * share)} %`;
}
