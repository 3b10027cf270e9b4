// One entry of the browser's history for each thing that a person does, however many writes to the address follow.
//
// Streamlit replaces the entry when a control is used, and adds one for each name that Python writes. Back would leave
// the app after one kind of choice, and stop at states that were never on the screen after the other.

const GESTURES = ["pointerdown", "keydown"];

let watching = false;

export function recordChoices() {
  if (watching) return;
  watching = true;
  let gestures = 0;
  let recorded = 0; // gestures that have their entry
  const original = { push: history.pushState.bind(history), replace: history.replaceState.bind(history) };
  for (const name of GESTURES) window.addEventListener(name, () => gestures++, { capture: true, passive: true });
  window.addEventListener("popstate", () => {
    recorded = gestures; // what the app writes while it goes back is no choice
  });
  const write = (state, title, address) => {
    const isNew = new URL(address, location.href).href !== location.href;
    const isChoice = isNew && gestures > recorded;
    if (isChoice) recorded = gestures;
    return (isChoice ? original.push : original.replace)(state, title, address);
  };
  history.pushState = write;
  history.replaceState = write;
}
