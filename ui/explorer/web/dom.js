// Small helpers to build elements.

// element("p", { class: "note", text: "..." , "aria-hidden": "true" }, child, ...)
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

export function svgElement(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(made, attributes);
  return made;
}

// Writes a text only when it changes, so that nothing is laid out for nothing.
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function setAttributes(made, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") made.textContent = value;
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
}
