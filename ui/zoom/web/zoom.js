// The part of the picture that all panels show: one zoom and one corner, in pixels of the picture.

import { element, setText } from "./dom.js";

const MOST = 16;
export const STEP = 1.5;

export function wholePicture() {
  return { zoom: 1, x: 0, y: 0 };
}

// The same as people and links say it: the zoom, and the middle of the part in thousandths of the picture's sides.
export function partOf({ zoom, x, y }, { width, height }) {
  const middle = (corner, size) => Math.round((1000 * (corner + size / 2 / zoom)) / size);
  return { zoom: Math.round(100 * zoom) / 100, down: middle(y, height), across: middle(x, width) };
}

export function viewOf({ zoom, down, across }, picture) {
  const corner = (middle, size) => (middle * size) / 1000 - size / 2 / zoom;
  return withinPicture({ zoom, x: corner(across, picture.width), y: corner(down, picture.height) }, picture);
}

// Zooms about a place of the picture, which stays where it is.
export function zoomedAt(view, picture, factor, x, y) {
  const zoom = Math.min(MOST, Math.max(1, view.zoom * factor));
  const kept = view.zoom / zoom;
  return withinPicture({ zoom, x: x - (x - view.x) * kept, y: y - (y - view.y) * kept }, picture);
}

export function zoomedInMiddle(view, picture, factor) {
  const middle = (corner, size) => corner + size / 2 / view.zoom;
  return zoomedAt(view, picture, factor, middle(view.x, picture.width), middle(view.y, picture.height));
}

export function movedBy(view, picture, dx, dy) {
  return withinPicture({ ...view, x: view.x + dx, y: view.y + dy }, picture);
}

export function inSight(view, { width, height }, x, y) {
  const between = (value, corner, size) => value >= corner && value <= corner + size / view.zoom;
  return between(x, view.x, width) && between(y, view.y, height);
}

// Moves no further than it takes to show a box of the picture, or the middle of one that is larger than the part.
export function revealing(view, picture, box) {
  const corner = (now, from, length, size) => {
    const room = size / view.zoom;
    const shown = Math.min(length, room);
    const first = from + (length - shown) / 2;
    return Math.min(Math.max(now, first + shown - room), first);
  };
  const x = corner(view.x, box.x, box.width, picture.width);
  const y = corner(view.y, box.y, box.height, picture.height);
  return withinPicture({ ...view, x, y }, picture);
}

function withinPicture({ zoom, x, y }, picture) {
  const most = (size) => size - size / zoom;
  const within = (value, size) => Math.min(most(size), Math.max(0, value));
  return { zoom, x: within(x, picture.width), y: within(y, picture.height) };
}

// The buttons above pictures that zoom together: `zoom` is called with a factor, `whole` without anything.
export function zoomBar({ label, hint = "", wholeText = "Whole picture", zoom, whole }) {
  const button = (text, name, act) => {
    const made = element("button", { type: "button", text, "aria-label": name, title: name });
    made.addEventListener("click", act);
    return made;
  };
  const level = element("span", { class: "level" });
  const said = element("span", { class: "hint", text: hint });
  const root = element(
    "div",
    { class: "zoom-bar", role: "group", "aria-label": label },
    button("\u2212", "Zoom out", () => zoom(1 / STEP)),
    level,
    button("+", "Zoom in", () => zoom(STEP)),
    button(wholeText, "Show the whole picture", whole),
    said,
  );
  const showLevel = (view) => setText(level, `${Math.round(view.zoom * 10) / 10}×`);
  showLevel(wholePicture());
  return { root, showLevel, hint: (text) => setText(said, text) };
}
