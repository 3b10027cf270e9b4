// How picture and maps share the window, so that all of them are seen together without scrolling.

const NARROW = 640; // pixels of width below which the maps stand under the picture
const GAP = 16; // between columns, in pixels
const ROW_GAP = 10;
const ABOVE = 49; // pixels of text and controls above the picture
const LEAST_HEIGHT = 440; // pixels that are laid out even where the window is lower
const SLIM = 158; // pixels of width below which a bar has no room for its middle label, and a note needs two lines
const WORTH = 1.1; // how much larger maps must be for their text to stand beside them

// Pixels that text and bar of a map take around and beside it, the height that they need, and the share of the width
// that the picture takes at most before the maps have theirs.
const AROUND = { around: 98, beside: 0, height: 0, share: 0.5 };
const TWO_LINES = { ...AROUND, around: 115 };
const BESIDE = { around: 0, beside: 112, height: 150, share: 0.39 };

// The sizes of picture and maps in pixels, the columns of maps, and whether their text stands beside them; null where
// they are stacked. `ratio` is width over height of the picture. The maps are made as large as they can be, then the
// picture takes what is left.
export function arrangement(room, ratio, maps) {
  if (room.width < NARROW && ratio > 2 / 3) return null;
  const wide = largest(room, ratio, maps, AROUND);
  const around = wide.map < SLIM ? largest(room, ratio, maps, TWO_LINES) : wide;
  const beside = largest(room, ratio, maps, BESIDE);
  return beside.map > WORTH * around.map ? beside : around;
}

function largest({ width, height }, ratio, maps, text) {
  const highest = (height - ABOVE) * ratio;
  const reserved = Math.min(highest, width * text.share);
  let best = { columns: 1, map: 0 };
  for (let columns = 1; columns <= maps; columns++) {
    const rows = Math.ceil(maps / columns);
    const rowHeight = (height - (rows - 1) * ROW_GAP) / rows;
    if (rowHeight < text.height) continue;
    const wide = (width - reserved - columns * GAP) / columns - text.beside;
    const map = Math.floor(Math.min(wide, (rowHeight - text.around) * ratio));
    if (map > best.map) best = { columns, map };
  }
  const left = width - best.columns * (best.map + text.beside + GAP);
  return { ...best, beside: text.beside > 0, picture: Math.floor(Math.min(highest, left)) };
}

// Lays a view out for the shape of its picture and the room in the window.
export function arrange({ body, picture, panels }) {
  const maps = panels.filter((panel) => !panel.root.hidden).length;
  const ratio = picture.width / picture.height;
  const room = { width: body.clientWidth, height: roomBelow(body) };
  const sizes = arrangement(room, ratio, maps);
  body.classList.toggle("stacked", !sizes);
  body.classList.toggle("slim", Boolean(sizes) && sizes.map < SLIM);
  body.classList.toggle("beside", Boolean(sizes?.beside));
  body.style.setProperty("--ratio", ratio);
  body.style.setProperty("--picture", `${sizes?.picture}px`);
  body.style.setProperty("--map", `${sizes?.map}px`);
  body.style.setProperty("--columns", sizes?.columns ?? 2);
}

// Calls `act` when an element or the window changes its size; returns what ends it.
export function onResize(target, act) {
  const observer = new ResizeObserver(act);
  observer.observe(target);
  window.addEventListener("resize", act);
  return () => {
    observer.disconnect();
    window.removeEventListener("resize", act);
  };
}

// Pixels from the top of an element to the end of the window, as if nothing were scrolled.
function roomBelow(target) {
  const scroller = document.querySelector(".stMain") ?? document.scrollingElement;
  const top = target.getBoundingClientRect().top + scroller.scrollTop;
  return Math.max(LEAST_HEIGHT, window.innerHeight - top - 8);
}
