// Saves one chart alone as an SVG for white paper, whatever the theme: what is too light to read there becomes ink.

import { FRAME, PLOT } from "./keyboard.js";

const SAVER = ".save-chart";
const FOR_THE_POINTER = ".hoverlayer, .draglayer, .zoomlayer, .selectionlayer, .iconlayer";
const ON_COLOURS = ".heatmaplayer, .barlayer"; // Plotly contrasts the numbers there with what lies below them
const RULES = ".gridlayer path, .zerolinelayer path";
const [INK, RULE] = ["#31333f", "#e6eaf1"];
const LEAST_CONTRAST = 4.5; // of text, as WCAG 2.1 asks

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
  for (const text of paper.querySelectorAll("text")) {
    if (!text.closest(ON_COLOURS) && contrastToWhite(text.style.fill) < LEAST_CONTRAST) text.style.fill = INK;
  }
  for (const rule of paper.querySelectorAll(RULES)) rule.style.stroke = RULE;
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

// Of an opaque colour as the browser writes it: rgb(49, 51, 63).
function contrastToWhite(colour) {
  const [red, green, blue] = (colour.match(/[\d.]+/g) ?? [0, 0, 0]).map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}

function download(drawing, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([drawing], { type: "image/svg+xml" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
