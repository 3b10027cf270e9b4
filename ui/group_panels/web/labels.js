// Label maps as they arrive, and the lines and areas that follow from them, in pixels of the picture.

export const unpackLabels = async (packed) => {
  const bytes = Uint8Array.from(atob(packed.data), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  return { rows: packed.rows, columns: packed.columns, names: packed.names, of: new Uint32Array(buffer) };
};

// Borders between cells that differ, long runs joined. `same(a, b)` tells whether two positions belong together.
export function borders(labels, picture, same) {
  const { rows, columns } = labels;
  const down = picture.height / rows;
  const across = picture.width / columns;
  const path = new Path2D();
  const line = (x0, y0, x1, y1) => {
    path.moveTo(x0 * across, y0 * down);
    path.lineTo(x1 * across, y1 * down);
  };
  for (let row = 1; row < rows; row++) {
    const differs = (column) => !same((row - 1) * columns + column, row * columns + column);
    runs(columns, differs, (start, stop) => line(start, row, stop, row));
  }
  for (let column = 1; column < columns; column++) {
    const differs = (row) => !same(row * columns + column - 1, row * columns + column);
    runs(rows, differs, (start, stop) => line(column, start, column, stop));
  }
  return path;
}

export function allBorders(labels, picture) {
  return borders(labels, picture, (one, other) => labels.of[one] === labels.of[other]);
}

export function bordersOf(labels, group, picture) {
  return borders(labels, picture, (one, other) => (labels.of[one] === group) === (labels.of[other] === group));
}

// The cell of a label map under a place of the picture.
export function cellAt(labels, picture, x, y) {
  const row = Math.floor((y / picture.height) * labels.rows);
  const column = Math.floor((x / picture.width) * labels.columns);
  if (row < 0 || column < 0 || row >= labels.rows || column >= labels.columns) return null;
  return row * labels.columns + column;
}

// How much of the picture a group covers, and which groups of another map lie there: how many, and the largest's share.
export function coverage(labels, group, other) {
  const rows = Math.max(labels.rows, other.rows);
  const columns = Math.max(labels.columns, other.columns);
  const counts = new Map();
  let inside = 0;
  for (let row = 0; row < rows; row++) {
    const mine = cellRow(labels, row, rows);
    const theirs = cellRow(other, row, rows);
    for (let column = 0; column < columns; column++) {
      if (labels.of[mine + Math.floor(((column + 0.5) * labels.columns) / columns)] !== group) continue;
      const there = other.of[theirs + Math.floor(((column + 0.5) * other.columns) / columns)];
      counts.set(there, (counts.get(there) ?? 0) + 1);
      inside++;
    }
  }
  return { share: inside / (rows * columns), groups: counts.size, largest: Math.max(...counts.values()) / inside };
}

function cellRow(labels, row, rows) {
  return Math.floor(((row + 0.5) * labels.rows) / rows) * labels.columns;
}

function runs(count, marked, tell) {
  let start = -1;
  for (let index = 0; index <= count; index++) {
    const on = index < count && marked(index);
    if (on && start < 0) start = index;
    if (!on && start >= 0) {
      tell(start, index);
      start = -1;
    }
  }
}
