// Ctrl and the wheel zoom about the pointer, a drag moves what is zoomed, and a press that stays is a click.

import { movedBy, zoomedAt } from "./zoom.js";

const STILL = 4; // CSS pixels within which a press is a click and no drag
const NOTCH = 1.2;

// target: the element that shows the picture; picture(): its size; view(): the part of it that is shown.
// show(view), point(place or null, event), press(place, event): what to do; places are in the picture's own unit.
export function listenToZoom(target, { picture, view, show, point, press }) {
  let drag = null;
  const under = (event) => placeUnder(target, event, view(), picture());
  listenToWheel(target, { picture, view, show });
  target.addEventListener("pointerdown", (event) => {
    drag = startDrag(target, event, { picture, view, show });
    if (event.isTrusted) target.setPointerCapture(event.pointerId);
  });
  target.addEventListener("pointermove", (event) => (drag ? drag(event) : point(under(event), event)));
  target.addEventListener("pointerup", (event) => {
    const clicked = drag && !drag(event);
    drag = null;
    if (clicked) press(under(event), event);
  });
  target.addEventListener("pointercancel", () => (drag = null));
  target.addEventListener("pointerleave", () => !drag && point(null, null));
}

export function listenToWheel(target, { picture, view, show }) {
  target.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      const { x, y } = placeUnder(target, event, view(), picture());
      show(zoomedAt(view(), picture(), event.deltaY < 0 ? NOTCH : 1 / NOTCH, x, y));
    },
    { passive: false },
  );
}

// Returns what takes the later events of a drag: it moves what is zoomed, and tells whether the pointer has moved.
export function startDrag(target, start, { picture, view, show }) {
  const from = view();
  let moved = false;
  return (event) => {
    const [dx, dy] = [event.clientX - start.clientX, event.clientY - start.clientY];
    moved ||= Math.hypot(dx, dy) > STILL;
    if (moved && from.zoom > 1) {
      const { width, height } = picture();
      const shown = { x: width / from.zoom / target.clientWidth, y: height / from.zoom / target.clientHeight };
      show(movedBy(from, picture(), -dx * shown.x, -dy * shown.y));
    }
    return moved;
  };
}

function placeUnder(target, event, view, { width, height }) {
  const box = target.getBoundingClientRect();
  return {
    x: view.x + ((event.clientX - box.left) / box.width) * (width / view.zoom),
    y: view.y + ((event.clientY - box.top) / box.height) * (height / view.zoom),
  };
}
