// Saves one chart alone as an SVG for white paper, whatever the theme: charts are drawn in ink, and the page's style,
// which makes it light in the dark, stays behind.

import { FRAME, PLOT } from "./keyboard.js";

const SAVER = ".save-chart";
const FOR_THE_POINTER = ".hoverlayer, .draglayer, .zoomlayer, .selectionlayer, .iconlayer";

let saving = false;

export function saveCharts() {
  if (saving) return;
  saving = true;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(SAVER);
    const plot = button?.closest(FRAME)?.querySelector(PLOT);
    if (plot) download(onPaper(plot), `${button.dataset.file}.svg`);
  });
}

// The layers of a chart as one drawing on white.
function onPaper(plot) {
  const [paper, ...above] = [...plot.querySelectorAll(".main-svg")].map(copyOf);
  for (const layer of above) paper.append(...layer.childNodes);
  for (const layer of paper.querySelectorAll(FOR_THE_POINTER)) layer.remove();
  const { width, height } = plot.querySelector(".main-svg").getBoundingClientRect();
  paper.setAttribute("viewBox", `0 0 ${width} ${height}`);
  paper.removeAttribute("style");
  const ground = document.createElementNS(paper.namespaceURI, "rect");
  for (const [name, value] of Object.entries({ width, height, fill: "#fff" })) ground.setAttribute(name, value);
  paper.prepend(ground);
  return new XMLSerializer().serializeToString(paper);
}

// A text keeps its length: where the app's font is not at hand, a wider one would be cut off.
function copyOf(layer) {
  const copy = layer.cloneNode(true);
  const texts = copy.querySelectorAll("text");
  layer.querySelectorAll("text").forEach((text, index) => {
    if (text.childElementCount || !text.textContent.trim()) return;
    texts[index].setAttribute("textLength", text.getComputedTextLength().toFixed(1));
    texts[index].setAttribute("lengthAdjust", "spacingAndGlyphs");
  });
  return copy;
}

function download(drawing, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([drawing], { type: "image/svg+xml" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
