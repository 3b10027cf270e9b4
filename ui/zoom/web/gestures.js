// Ctrl and the wheel zoom about the pointer, a drag moves what is zoomed, and a press that stays is a click.

import { movedBy, zoomedAt } from "./zoom.js";

const STILL = 4; // CSS pixels within which a press is a click and no drag
const NOTCH = 1.2;

// target: the element that shows the picture; picture(): its size; view(): the part of it that is shown.
// show(view), point(place or null), press(place): what to do; places are in the picture's own unit.
export function listenToZoom(target, { picture, view, show, point, press }) {
  let pressed = null;
  const under = (event) => placeUnder(target, event, view(), picture());
  target.addEventListener("pointerdown", (event) => {
    pressed = { x: event.clientX, y: event.clientY, view: view(), moved: false };
    target.setPointerCapture(event.pointerId);
  });
  target.addEventListener("pointermove", (event) => {
    if (!pressed) return point(under(event));
    const [dx, dy] = [event.clientX - pressed.x, event.clientY - pressed.y];
    pressed.moved ||= Math.hypot(dx, dy) > STILL;
    if (!pressed.moved || view().zoom === 1) return;
    const { width, height } = picture();
    const shown = { x: width / view().zoom / target.clientWidth, y: height / view().zoom / target.clientHeight };
    show(movedBy(pressed.view, picture(), -dx * shown.x, -dy * shown.y));
  });
  target.addEventListener("pointerup", (event) => {
    const clicked = pressed && !pressed.moved;
    pressed = null;
    if (clicked) press(under(event));
  });
  target.addEventListener("pointercancel", () => (pressed = null));
  target.addEventListener("pointerleave", () => !pressed && point(null));
  target.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      const { x, y } = under(event);
      show(zoomedAt(view(), picture(), event.deltaY < 0 ? NOTCH : 1 / NOTCH, x, y));
    },
    { passive: false },
  );
}

function placeUnder(target, event, view, { width, height }) {
  const box = target.getBoundingClientRect();
  return {
    x: view.x + ((event.clientX - box.left) / box.width) * (width / view.zoom),
    y: view.y + ((event.clientY - box.top) / box.height) * (height / view.zoom),
  };
}
