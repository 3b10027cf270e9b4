// The ends that the outside calls: Streamlit (for data and for the view), and the stand-alone page.

import { element } from "./dom.js";
import { Explorer } from "./explorer.js";
import { keepPayload } from "./store.js";

const mounted = new WeakMap();

// Streamlit calls this when a component appears and whenever its data changes. Bytes are a payload, which is kept
// for the explorer on the same page; anything else says what the explorer shows.
export function mountInStreamlit({ data, parentElement, setStateValue, setTriggerValue }) {
  if (data instanceof Uint8Array) {
    keepPayload(data);
    return undefined;
  }
  let explorer = mounted.get(parentElement);
  if (!explorer) {
    const host = element("div", { class: "explorer" });
    parentElement.append(host);
    explorer = new Explorer(host, {
      report: (state) => setStateValue("chosen", state),
      keep: () => setTriggerValue("pinned", true),
    });
    mounted.set(parentElement, explorer);
  }
  explorer.update(data);
  return () => {
    mounted.get(parentElement)?.destroy();
    mounted.delete(parentElement);
  };
}

// Starts the explorer on a page of its own from payloads in base64.
export function mountAlone(host, payloads, control) {
  for (const text of payloads) keepPayload(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  new Explorer(host, { report: () => {}, onlyStored: true }).update(control);
}
