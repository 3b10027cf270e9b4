// On a phone the sidebar covers the page, so it closes once something was chosen in it.

const COVERS = "(max-width: 768px)"; // Streamlit's own limit
const CLOSE = '[data-testid="stSidebar"][data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button';

let chosenBefore = null;

export function closeAfterChoice(chosen, stays) {
  if (!chosen || chosen === chosenBefore) return;
  if (chosenBefore && !stays && matchMedia(COVERS).matches) document.querySelector(CLOSE)?.click();
  chosenBefore = chosen;
}
