// A menu closes as any other does: by Escape, and by a press anywhere else.

const OPEN = "[class*=st-key-menu_] > * > [data-testid=stExpander] > details[open]";
const LISTS = "[data-baseweb=popover]"; // of options, which lie elsewhere in the page

let closing = false;

export function closeMenus() {
  if (closing) return;
  closing = true;
  document.addEventListener("pointerdown", ({ target }) => target.closest?.(LISTS) || closeAll(target));
  document.addEventListener(
    "keydown",
    (event) => event.key === "Escape" && !document.querySelector(LISTS) && closeAll(),
  );
}

function closeAll(except = null) {
  for (const menu of document.querySelectorAll(OPEN)) {
    if (!menu.contains(except)) menu.querySelector("summary").click();
  }
}
