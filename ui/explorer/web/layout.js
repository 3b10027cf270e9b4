// How picture and maps share the window, so that all of them are seen together without scrolling.

const NARROW = 640; // pixels of width below which the maps stand under the picture
const GAP = 16; // between columns, in pixels
const ROW_GAP = 10;
const ABOVE = 49; // pixels of text and controls above the picture
const AROUND = 98; // pixels of text and bar around a map
const SHARE = 0.5; // of the width, at most, that the picture takes before the maps have theirs
const LEAST_HEIGHT = 440; // pixels that are laid out even where the window is lower
const SLIM = 158; // pixels of width below which a bar has no room for its middle label, and a note needs two lines
const LINE = 17; // pixels of a note's second line

// The sizes of picture and maps in pixels, and the columns of maps; null where they are stacked. `ratio` is width over
// height of the picture. The maps are made as large as they can be, then the picture takes what is left.
export function arrangement(room, ratio, maps) {
  if (room.width < NARROW && ratio > 2 / 3) return null;
  const sizes = largest(room, ratio, maps, AROUND);
  return sizes.map < SLIM ? largest(room, ratio, maps, AROUND + LINE) : sizes;
}

function largest({ width, height }, ratio, maps, around) {
  const highest = (height - ABOVE) * ratio;
  const reserved = Math.min(highest, width * SHARE);
  let best = { columns: 1, map: 0 };
  for (let columns = 1; columns <= maps; columns++) {
    const rows = Math.ceil(maps / columns);
    const wide = (width - reserved - columns * GAP) / columns;
    const high = ((height - (rows - 1) * ROW_GAP) / rows - around) * ratio;
    const map = Math.floor(Math.min(wide, high));
    if (map > best.map) best = { columns, map };
  }
  const left = width - best.columns * (best.map + GAP);
  return { ...best, picture: Math.floor(Math.min(highest, left)) };
}

// Lays a view out for the shape of its picture and the room in the window.
export function arrange({ body, picture, panels }) {
  const maps = panels.filter((panel) => !panel.root.hidden).length;
  const ratio = picture.width / picture.height;
  const room = { width: body.clientWidth, height: roomBelow(body) };
  const sizes = arrangement(room, ratio, maps);
  body.classList.toggle("stacked", !sizes);
  body.classList.toggle("slim", Boolean(sizes) && sizes.map < SLIM);
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
