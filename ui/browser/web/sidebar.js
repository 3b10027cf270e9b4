// After a choice: on a phone the sidebar covers the page, so it closes; in the list of one's own pictures the chosen one
// comes into sight.

const COVERS = "(max-width: 768px)"; // Streamlit's own limit
const CLOSE = '[data-testid="stSidebar"][data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button';

const OWN = ".st-key-own [role=radiogroup]";
const DRAWN_MS = 300; // until Streamlit has drawn what was chosen

let chosenBefore = null;

export function followChoice(chosen, stays) {
  if (!chosen || chosen === chosenBefore) return;
  if (chosenBefore && !stays && matchMedia(COVERS).matches) document.querySelector(CLOSE)?.click();
  chosenBefore = chosen;
  setTimeout(showChosen, DRAWN_MS);
}

// Not by scrollIntoView, which would scroll the sidebar, too.
function showChosen() {
  const list = document.querySelector(OWN);
  const chosen = list?.querySelector("[data-selected]");
  if (!chosen) return;
  const [outer, inner] = [list.getBoundingClientRect(), chosen.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}
