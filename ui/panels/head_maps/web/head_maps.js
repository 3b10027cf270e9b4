// Small maps of every head: a row for each block and a column for each head, or in the order of a metric. A click opens
// a head; arrow keys move along the maps. Streamlit mounts the default export.

const STOPS = 16; // colours of the bar

const hosts = new WeakMap();

export default function mountHeadMaps({ data, parentElement, setTriggerValue }) {
  let host = hosts.get(parentElement);
  if (!host) {
    host = made("div", { className: "head-maps" });
    parentElement.append(host);
    hosts.set(parentElement, host);
  }
  const focused = host.getRootNode().activeElement?.dataset.place;
  const table = pixelTable(bytes(data.palette));
  const tiles = data.tiles.map((tile) => drawTile(tile, data, table, setTriggerValue));
  host.style.setProperty("--heads", data.heads);
  host.style.setProperty("--ratio", data.ratio);
  host.style.setProperty("--anchor", data.anchorColour);
  const list = made("div", { className: data.byDepth ? "tiles by-depth" : "tiles" });
  list.append(...(data.byDepth ? inRows(data, tiles) : tiles));
  list.addEventListener("keydown", (event) => moveFocus(event, tiles));
  host.replaceChildren(bar(data, table), scrolling(list));
  (tiles.find((tile) => tile.ariaCurrent === "true") ?? tiles[0]).tabIndex = 0;
  tiles.find((tile) => tile.dataset.place === focused)?.focus();
}

function drawTile(tile, { byDepth }, table, setTriggerValue) {
  const { stage, block, head, rows, columns, title } = tile;
  const button = made("button", { type: "button", className: "tile", title, ariaLabel: title, tabIndex: -1 });
  button.dataset.place = `${stage}.${block}.${head}`;
  if (tile.isChosen) button.ariaCurrent = "true";
  const canvas = made("canvas", { width: columns, height: rows });
  paint(canvas, bytes(tile.levels), table);
  const mark = made("span", { className: "mark" });
  mark.style.left = `${(100 * (tile.column + 0.5)) / columns}%`;
  mark.style.top = `${(100 * (tile.row + 0.5)) / rows}%`;
  const map = made("span", { className: "map" });
  map.append(canvas, mark);
  button.append(map);
  if (!byDepth) {
    button.append(made("span", { className: "name", textContent: tile.name }));
    button.append(made("span", { className: "value", textContent: tile.value }));
  }
  button.addEventListener("click", () => setTriggerValue("opened", { stage, block, head }));
  return button;
}

// The names of heads above, then each block's name before its tiles.
function inRows({ heads, tiles: told }, tiles) {
  const cells = [made("span", { className: "corner", textContent: "head" })];
  for (let head = 1; head <= heads; head++) cells.push(made("span", { className: "column", textContent: head }));
  let row = 1;
  told.forEach((tile, index) => {
    if (tile.head === 0) {
      row++;
      const name = made("span", { className: "row", textContent: tile.name.split(" ")[0] });
      name.style.gridArea = `${row} / 1`;
      cells.push(name);
    }
    tiles[index].style.gridArea = `${row} / ${tile.head + 2}`;
    cells.push(tiles[index]);
  });
  return cells;
}

function scrolling(list) {
  const frame = made("div", { className: "scrolling" });
  frame.append(list);
  return frame;
}

function bar({ ticks }, table) {
  const colours = new Uint8Array(table.buffer);
  const stops = Array.from({ length: STOPS }, (_, i) => {
    const at = 4 * Math.round((255 * i) / (STOPS - 1));
    return `rgb(${colours[at]} ${colours[at + 1]} ${colours[at + 2]})`;
  });
  const gradient = made("div", { className: "gradient" });
  gradient.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const labels = made("div", { className: "ticks" });
  labels.append(...ticks.map((text) => made("span", { textContent: text })));
  const root = made("div", { className: "bar" });
  root.append(gradient, labels, made("p", { textContent: "times uniform attention" }));
  return root;
}

// Up and down keep to a column where tiles stand in rows of any length.
function moveFocus(event, tiles) {
  const from = tiles.indexOf(event.target);
  const to = {
    ArrowLeft: from - 1,
    ArrowRight: from + 1,
    ArrowUp: above(tiles, from, -1),
    ArrowDown: above(tiles, from, 1),
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  if (!tiles[to]) return;
  tiles[from].tabIndex = -1;
  tiles[to].tabIndex = 0;
  tiles[to].focus();
}

// The nearest tile above or below.
function above(tiles, from, way) {
  const here = tiles[from].getBoundingClientRect();
  let best = -1;
  let least = Infinity;
  tiles.forEach((tile, index) => {
    const there = tile.getBoundingClientRect();
    const down = way * (there.top - here.top);
    if (down < here.height / 2) return;
    const apart = down * 100 + Math.abs(there.left - here.left);
    if (apart < least) [best, least] = [index, apart];
  });
  return best;
}

function paint(canvas, levels, table) {
  const context = canvas.getContext("2d");
  const data = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(data.data.buffer);
  for (let n = 0; n < levels.length; n++) pixels[n] = table[levels[n]];
  context.putImageData(data, 0, 0);
}

function pixelTable(palette) {
  const pixels = new Uint8ClampedArray(256 * 4);
  for (let level = 0; level < 256; level++) {
    pixels.set(palette.subarray(3 * level, 3 * level + 3), 4 * level);
    pixels[4 * level + 3] = 255;
  }
  return new Uint32Array(pixels.buffer);
}

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

const made = (name, properties) => Object.assign(document.createElement(name), properties);
