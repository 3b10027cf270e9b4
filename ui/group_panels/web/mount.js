// The end that Streamlit calls.

import { element } from "./dom.js";
import { GroupPanels } from "./panels.js";

const mountedPanels = new WeakMap();

// Streamlit calls this when the component appears and whenever its data changes.
export function mountPanels({ data, parentElement, setTriggerValue, setStateValue }) {
  let panels = mountedPanels.get(parentElement);
  if (!panels) {
    const host = element("div", { class: "group-panels" });
    parentElement.append(host);
    panels = new GroupPanels(host, {
      pick: (place) => setTriggerValue("picked", place),
      zoomed: (part) => setStateValue("part", part),
    });
    mountedPanels.set(parentElement, panels);
  }
  panels.update(data);
  return () => {
    mountedPanels.get(parentElement)?.destroy();
    mountedPanels.delete(parentElement);
  };
}
