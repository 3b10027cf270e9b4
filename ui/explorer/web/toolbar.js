// The toolbar: native radio buttons, a range and checkboxes, so that keyboard and screen readers know them.

import { element } from "./dom.js";
import { MEAN } from "./attention.js";

let groups = 0; // names of radio groups must differ between explorers on one page

// settings: the object to change; changed(name): called after each change.
export function makeToolbar(settings, changed) {
  const set = (name) => (value) => {
    settings[name] = value;
    changed(name);
  };
  const head = makeChoice("Head", [], settings.head, set("head"));
  const direction = makeChoice(
    "Direction",
    [
      ["Outgoing", false],
      ["Incoming", true],
    ],
    settings.incoming,
    set("incoming"),
  );
  const scale = makeChoice(
    "Scale",
    [
      ["Linear", "linear"],
      ["Log", "log"],
      ["Rank", "rank"],
    ],
    settings.scale,
    set("scale"),
  );
  const range = makeChoice(
    "Colour range",
    [
      ["Per panel", false],
      ["Shared", true],
    ],
    settings.shared,
    set("shared"),
  );
  const opacity = makeRange("Heat", settings.opacity, set("opacity"));
  const boundaries = makeChecks("Super token boundaries", [
    ["Picture", settings.boundaries, set("boundaries")],
    ["Maps", settings.outlines, set("outlines")],
  ]);
  const look = element("div", { class: "look" }, opacity.root, boundaries.root); // these two stay side by side
  const roots = [head, direction, scale, range].map((part) => part.root);
  const root = element(
    "div",
    { class: "toolbar", role: "group", "aria-label": "How attention is shown" },
    ...roots,
    look,
  );
  return { root, head, range };
}

// Offers the mean and each head of a block.
export function offerHeads(toolbar, heads, chosen) {
  const options = [["Mean", MEAN], ...Array.from({ length: heads }, (_, head) => [String(head + 1), head])];
  toolbar.head.offer(options, chosen);
}

export function enableRange(toolbar, enabled) {
  toolbar.range.root.disabled = !enabled;
}

function makeChoice(title, options, chosen, choose) {
  const name = `explorer-choice-${groups++}`;
  const list = element("div", { class: "options" });
  const root = element("fieldset", { class: "choice" }, element("legend", { text: title }), list);
  let inputs = [];
  const offer = (choices, value) => {
    if (inputs.length === choices.length) {
      // the same choices: keep the focus where it is
      choices.forEach(([, option], place) => {
        inputs[place].checked = option === value;
      });
      return;
    }
    list.replaceChildren(
      ...choices.map(([label, option]) => {
        const input = element("input", { type: "radio", name, checked: option === value });
        input.addEventListener("change", () => choose(option));
        return element("label", {}, input, element("span", { text: label }));
      }),
    );
    inputs = [...list.querySelectorAll("input")];
  };
  offer(options, chosen);
  return { root, offer };
}

function makeRange(title, value, choose) {
  const input = element("input", {
    type: "range",
    min: "0",
    max: "1",
    step: "0.05",
    value: String(value),
    "aria-label": `${title} opacity`,
  });
  input.addEventListener("input", () => choose(Number(input.value)));
  const root = element(
    "label",
    { class: "range" },
    element("span", { class: "legend", text: `${title} opacity` }),
    input,
  );
  return { root };
}

function makeChecks(title, choices) {
  const boxes = choices.map(([label, checked, choose]) => {
    const input = element("input", { type: "checkbox", checked });
    input.addEventListener("change", () => choose(input.checked));
    return element("label", { class: "box" }, input, label);
  });
  const root = element(
    "fieldset",
    { class: "choice check" },
    element("legend", { text: title }),
    element("div", { class: "boxes" }, ...boxes),
  );
  return { root };
}
