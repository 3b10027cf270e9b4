// Mouse, touch and keyboard on the picture become three wishes: hover a token, pin one, take a step.

import { tokenUnder } from "./stage.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// hover(token or null), pin(token), step(rows, columns)
export function listenToPicture(stage, { hover, pin, step }) {
  const target = stage.root;
  target.addEventListener("pointermove", (event) => hover(tokenUnder(stage, event)));
  target.addEventListener("pointerdown", (event) => {
    target.focus({ preventScroll: true });
    if (event.isTrusted && event.pointerType !== "mouse") target.setPointerCapture(event.pointerId);
    hover(tokenUnder(stage, event));
  });
  target.addEventListener("pointerup", (event) => pin(tokenUnder(stage, event)));
  target.addEventListener("pointerleave", () => hover(null));
  target.addEventListener("pointercancel", () => hover(null));
  target.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !STEPS[event.key]) return;
    const [rows, columns] = STEPS[event.key];
    const times = event.shiftKey ? 5 : 1;
    step(rows * times, columns * times);
    event.preventDefault();
  });
}

// On a panel the pointer reads values, and a click makes the token under it the anchor.
export function listenToPanel(stage, { read, pin }) {
  stage.root.addEventListener("pointermove", (event) => read(tokenUnder(stage, event)));
  stage.root.addEventListener("pointerleave", () => read(null));
  stage.root.addEventListener("click", (event) => pin(tokenUnder(stage, event)));
}

// Keys that work wherever the focus is inside the explorer: digits, comma and full stop, P.
export function listenToKeys(root, { blockOfStage, stage, walk, play }) {
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    if (digit && event.shiftKey) stage(Number(digit) - 1);
    else if (digit) blockOfStage(Number(digit) - 1);
    else if (event.key === ",") walk(-1);
    else if (event.key === ".") walk(1);
    else if (event.key.toLowerCase() === "p") play();
    else return;
    event.preventDefault();
  });
}
