// Charts come with a large script, which the first of them would wait for: it is loaded while nobody does anything.

const STILL_MS = 1000;
const LOOK_MS = 250;
const RUNNING = ".stApp[data-test-script-state=running]";
const DEEDS = ["pointermove", "pointerdown", "keydown", "wheel"];

let sought = false;

export function loadAhead(file) {
  const own = document.querySelector('script[type=module][src*="/static/js/"]');
  if (sought || !file || !own) return;
  sought = true;
  let last = performance.now();
  const note = () => (last = performance.now());
  for (const deed of DEEDS) addEventListener(deed, note, { passive: true, capture: true });
  const look = setInterval(() => {
    if (document.querySelector(RUNNING)) note();
    if (performance.now() - last < STILL_MS) return;
    clearInterval(look);
    for (const deed of DEEDS) removeEventListener(deed, note, { capture: true });
    import(new URL(file, own.src).href).catch(() => {}); // whoever needs it loads it again
  }, LOOK_MS);
}
