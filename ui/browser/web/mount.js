// What Streamlit mounts in the sidebar: a button that copies the link, and the page-wide listeners.

import { loadAhead } from "./ahead.js";
import { letPagesScroll } from "./charts.js";
import { takeFiles } from "./files.js";
import { recordChoices } from "./history.js";
import { openToKeyboard } from "./keyboard.js";
import { closeMenus } from "./menus.js";
import { saveCharts } from "./save.js";
import { followChoice } from "./sidebar.js";
import { hasName, nameOfTab } from "./tab.js";

const DONE_MS = 1500;

export function mountBrowser({ data, parentElement, setStateValue }) {
  recordChoices();
  takeFiles();
  letPagesScroll();
  openToKeyboard();
  saveCharts();
  closeMenus();
  followChoice(data.choice, data.stays);
  loadAhead(data.charts);
  if (data.wants_tab || hasName()) setStateValue("tab", nameOfTab());
  if (parentElement.querySelector("button")) return;
  const button = document.createElement("button");
  button.className = "copy-link";
  button.textContent = "Copy link";
  button.title = "A link to exactly what is on the screen";
  button.addEventListener("click", async () => {
    button.textContent = (await copied(location.href)) ? "Copied" : "Copy it from the address bar";
    setTimeout(() => {
      button.textContent = "Copy link";
    }, DONE_MS);
  });
  parentElement.append(button);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // without HTTPS browsers give pages no clipboard
  }
}
