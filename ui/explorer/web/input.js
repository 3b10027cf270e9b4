// Mouse, touch and keyboard on the picture become wishes: hover a token, pin one, take a step, span a rectangle.

import { sameToken } from "./geometry.js";
import { tokenUnder } from "./stage.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// Listens to the picture and to the maps of a view, which zoom together. hover(token or null), pin(token),
// step(rows, columns), and read(token or null) on a map; span(from, to, isDone) where draws() says that dragging draws a
// rectangle, as it does with Shift.
export function listenToView({ picker, panels }, loupe, wishes) {
  listenToPicture(picker.stage, loupe, wishes);
  for (const { stage } of panels) listenToPanel(stage, loupe, wishes);
}

function listenToPicture(stage, loupe, { hover, pin, step, draws, span }) {
  const target = stage.root;
  let pan = null; // takes the events of a drag that moves what is zoomed
  let corner = null; // where a rectangle began
  let spans = false; // whether the pointer has left that token
  const end = (act) => (event) => {
    act(event);
    corner = pan = null;
    spans = false;
  };
  loupe.listenToPicture(target);
  target.addEventListener("pointermove", (event) => {
    if (pan?.(event)) return;
    const token = tokenUnder(stage, event);
    spans ||= Boolean(corner) && !sameToken(corner, token);
    if (spans) span(corner, token, false);
    else hover(token);
  });
  target.addEventListener("pointerdown", (event) => {
    target.focus({ preventScroll: true });
    pan = loupe.startPan(target, event);
    corner = !pan && (event.shiftKey || draws()) ? tokenUnder(stage, event) : null;
    if (event.isTrusted && (pan || corner || event.pointerType !== "mouse")) target.setPointerCapture(event.pointerId);
    hover(tokenUnder(stage, event));
  });
  target.addEventListener(
    "pointerup",
    end((event) => {
      if (pan?.(event)) return;
      if (spans) span(corner, tokenUnder(stage, event), true);
      else pin(tokenUnder(stage, event));
    }),
  );
  target.addEventListener("pointerleave", () => spans || hover(null));
  target.addEventListener(
    "pointercancel",
    end(() => hover(null)),
  );
  target.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !STEPS[event.key]) return;
    const [rows, columns] = STEPS[event.key];
    const times = event.shiftKey ? 5 : 1;
    step(rows * times, columns * times);
    event.preventDefault();
  });
}

// On a panel the pointer reads values, a click makes the token under it the anchor, and a drag moves what is zoomed.
function listenToPanel(stage, loupe, { read, pin }) {
  loupe.listenToMap(stage.root, {
    point: (place, event) => read(place && tokenUnder(stage, event)),
    press: (place, event) => pin(tokenUnder(stage, event)),
  });
}

// Keys that work wherever the focus is inside the explorer, but in a list, which letters and digits search.
export function listenToKeys(root, { blockOfStage, stage, walk, play, region, resize, zoom }) {
  const keys = {
    ",": () => walk(-1),
    ".": () => walk(1),
    p: () => play(),
    a: (more) => region(more),
    h: (more) => resize(more, 0),
    w: (more) => resize(0, more),
    "+": () => zoom("zoomIn"),
    "=": () => zoom("zoomIn"),
    "-": () => zoom("zoomOut"),
    0: () => zoom("whole"),
  };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    const act = digit
      ? () => (event.shiftKey ? stage : blockOfStage)(Number(digit) - 1)
      : keys[event.key.toLowerCase()];
    if (!act) return;
    act(event.shiftKey ? -1 : 1);
    event.preventDefault();
  });
}
