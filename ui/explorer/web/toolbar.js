// The toolbar: native radio buttons, a range and checkboxes, so that keyboard and screen readers know them.

import { MEAN } from "./attention.js";
import { element, svgElement } from "./dom.js";

const DIRECTIONS = [
  { label: "Outgoing", value: false },
  { label: "Incoming", value: true },
];
const SCALES = [
  { label: "× uniform", value: "uniform" },
  { label: "Linear", value: "linear" },
  { label: "Log", value: "log" },
  { label: "Rank", value: "rank" },
];
const RANGES = [
  { label: "Per panel", value: false },
  { label: "Shared", value: true },
];

const MANY_HEADS = 5; // options, the mean included

let groups = 0; // names of radio groups must differ between explorers on one page

// settings: the object to change; changed(name) is called after each change; chooseHead(head) when one is chosen.
export function makeToolbar(settings, { changed, chooseHead }) {
  const set = (name) => (value) => {
    settings[name] = value;
    changed(name);
  };
  const head = makeHeads(chooseHead);
  const direction = makeChoice("Direction", DIRECTIONS, settings.incoming, set("incoming"));
  const scale = makeChoice("Scale", SCALES, settings.scale, set("scale"));
  const range = makeChoice("Colour range", RANGES, settings.shared, set("shared"));
  const opacity = makeRange("Heat opacity", settings.opacity, set("opacity"));
  const boundaries = makeChecks("Super token boundaries", [
    { label: "Picture", checked: settings.boundaries, choose: set("boundaries") },
    { label: "Maps", checked: settings.outlines, choose: set("outlines") },
  ]);
  const menu = makeMenu("Display", opacity.root, boundaries.root);
  const attributes = { class: "toolbar", role: "group", "aria-label": "How attention is shown" };
  const root = element("div", attributes, head.root, direction.root, scale.root, range.root, menu);
  // Shows settings that were changed elsewhere.
  const show = (current) => {
    direction.offer(DIRECTIONS, current.incoming);
    scale.offer(SCALES, current.scale);
    range.offer(RANGES, current.shared);
    opacity.show(current.opacity);
    boundaries.show([current.boundaries, current.outlines]);
  };
  return { root, head, range, show };
}

// Offers the mean and each head of a block, under the names that came with it.
export function offerHeads(toolbar, { captions }, chosen) {
  const options = captions.heads.map(({ label }, index) => ({ label, value: index === 0 ? MEAN : index - 1 }));
  toolbar.head.offer(options, chosen);
}

export function enableRange(toolbar, enabled) {
  toolbar.range.root.disabled = !enabled;
}

// A few heads as radio buttons, many as a list, so that the toolbar keeps to one row.
function makeHeads(choose) {
  const radios = makeChoice("Head", [], MEAN, choose);
  const select = element("select", { "aria-label": "Head" });
  select.addEventListener("change", () => choose(Number(select.value)));
  const list = element("label", { class: "list" }, element("span", { class: "legend", text: "Head" }), select);
  const root = element("div", {}, radios.root, list);
  const offer = (options, chosen) => {
    const many = options.length > MANY_HEADS;
    radios.root.hidden = many;
    list.hidden = !many;
    radios.offer(options, chosen);
    select.replaceChildren(...options.map(({ label, value }) => element("option", { value, text: label })));
    select.value = String(chosen);
  };
  offer([], MEAN);
  return { root, offer };
}

// The button that keeps the maps as they are shown, if they can be kept.
export function makePinButtons(reporter) {
  if (!reporter.keepLast) return [];
  const icon = svgElement("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  icon.append(svgElement("path", { d: "M5 2h6M6 2v4.5L3.5 9.5h9L10 6.5V2M8 9.5V14.5" }));
  const title = "Pin the maps: keep them in the tray, beside others (see Snapshots)";
  const button = element("button", { class: "keep", type: "button", title, "aria-label": "Pin the maps" }, icon, "Pin");
  button.addEventListener("click", () => reporter.keep());
  return [button];
}

// Rarely used controls behind a button.
function makeMenu(title, ...controls) {
  return element("details", { class: "menu" }, element("summary", { text: title }), element("div", {}, ...controls));
}

function makeChoice(title, options, chosen, choose) {
  const name = `explorer-choice-${groups++}`;
  const list = element("div", { class: "options" });
  const root = element("fieldset", { class: "choice" }, element("legend", { text: title }), list);
  let inputs = [];
  const offer = (choices, current) => {
    if (inputs.length !== choices.length) {
      inputs = choices.map(({ value }) => makeRadio(name, () => choose(value)));
      list.replaceChildren(...choices.map(({ label }, index) => withLabel(inputs[index], label)));
    } // else they stay where they are, and keep the focus
    choices.forEach(({ value }, index) => {
      inputs[index].checked = value === current;
    });
  };
  offer(options, chosen);
  return { root, offer };
}

function makeRadio(name, choose) {
  const input = element("input", { type: "radio", name });
  input.addEventListener("change", choose);
  return input;
}

function withLabel(input, label) {
  return element("label", {}, input, element("span", { text: label }));
}

function makeRange(title, value, choose) {
  const attributes = { type: "range", min: "0", max: "1", step: "0.05", value: String(value), "aria-label": title };
  const input = element("input", attributes);
  input.addEventListener("input", () => choose(Number(input.value)));
  const root = element("label", { class: "range" }, element("span", { class: "legend", text: title }), input);
  const show = (current) => {
    input.value = String(current);
  };
  return { root, show };
}

function makeChecks(title, choices) {
  const inputs = choices.map(({ checked, choose }) => {
    const input = element("input", { type: "checkbox", checked });
    input.addEventListener("change", () => choose(input.checked));
    return input;
  });
  const boxes = inputs.map((input, index) => element("label", { class: "box" }, input, choices[index].label));
  const legend = element("legend", { text: title });
  const root = element("fieldset", { class: "choice check" }, legend, element("div", { class: "boxes" }, ...boxes));
  const show = (checked) => {
    inputs.forEach((input, index) => {
      input.checked = checked[index];
    });
  };
  return { root, show };
}
