// The part of the picture that picture and maps show together: its buttons, and what else chooses it.

import { listenToWheel, listenToZoom, startDrag } from "./gestures.js";
import { inSight, partOf, revealing, viewOf, wholePicture, zoomBar, zoomedAt, zoomedInMiddle, STEP } from "./zoom.js";

const SHARES = { width: 1, height: 1 }; // views are in shares of the picture, so that they outlive its size

export class Loupe {
  // body: what holds picture and maps; anchor(): the middle of what they are of, in shares; changed() hears of a choice.
  constructor(body, { anchor, changed }) {
    Object.assign(this, { body, anchor, changed });
    this.bar = zoomBar({
      label: "Zoom of picture and maps",
      wholeText: "Fit",
      zoom: (factor) => this.zoom(factor),
      whole: () => this.whole(),
    });
    this.gestures = { picture: () => SHARES, view: () => this.view, show: (view) => this.#choose(view) };
    this.#show(wholePicture());
  }

  get part() {
    return partOf(this.view, SHARES);
  }

  // Shows the part that Python says.
  adopt(part) {
    const now = this.part;
    if (part && Object.keys(now).some((name) => now[name] !== part[name])) this.#show(viewOf(part, SHARES));
  }

  zoomIn() {
    this.zoom(STEP);
  }

  zoomOut() {
    this.zoom(1 / STEP);
  }

  // Zooms about the anchor, or about the middle if the anchor is out of sight.
  zoom(factor) {
    const { x, y } = this.anchor();
    const about = inSight(this.view, SHARES, x, y);
    this.#choose(about ? zoomedAt(this.view, SHARES, factor, x, y) : zoomedInMiddle(this.view, SHARES, factor));
  }

  whole() {
    this.#choose(wholePicture());
  }

  // Moves no further than it takes to show a token of a grid.
  reveal({ row, column }, { height, width }) {
    const box = { x: column / width, y: row / height, width: 1 / width, height: 1 / height };
    this.#show(revealing(this.view, SHARES, box));
  }

  // On a map a drag moves what is zoomed.
  listenToMap(target, { point, press }) {
    listenToZoom(target, { ...this.gestures, point, press });
  }

  // On the picture, where a drag moves the anchor, only one with Ctrl or Cmd does.
  listenToPicture(target) {
    listenToWheel(target, this.gestures);
  }

  startPan(target, event) {
    const pans = (event.ctrlKey || event.metaKey) && this.view.zoom > 1;
    return pans ? startDrag(target, event, this.gestures) : null;
  }

  #choose(view) {
    this.#show(view);
    this.changed();
  }

  #show(view) {
    this.view = view;
    this.bar.showLevel(view);
    this.body.classList.toggle("zoomed", view.zoom > 1);
    for (const [name, value] of Object.entries(view)) this.body.style.setProperty(`--view-${name}`, value);
  }
}
