// Borders as SVG paths in token units, long runs joined.

// The borders between super tokens.
export function boundaryPath({ labels, height, width }) {
  if (!labels) return "";
  const at = (row, column) => labels[row * width + column];
  return borders([1, height], [1, width], { height, width }, at);
}

// The outline of some tokens, given by number.
export function outlinePath(tokens, { height, width }) {
  const inside = new Uint8Array(height * width);
  for (const token of tokens) inside[token] = 1;
  const isIn = (row, column) => row >= 0 && row < height && column >= 0 && column < width;
  const at = (row, column) => (isIn(row, column) ? inside[row * width + column] : 0);
  return borders([0, height + 1], [0, width + 1], { height, width }, at);
}

// Where values differ from those above or to the left, between two rows and two columns.
function borders([firstRow, lastRow], [firstColumn, lastColumn], { height, width }, at) {
  const parts = [];
  for (let row = firstRow; row < lastRow; row++) {
    const differs = (column) => at(row - 1, column) !== at(row, column);
    runs(width, differs, (start, stop) => parts.push(`M${start} ${row}H${stop}`));
  }
  for (let column = firstColumn; column < lastColumn; column++) {
    const differs = (row) => at(row, column - 1) !== at(row, column);
    runs(height, differs, (start, stop) => parts.push(`M${column} ${start}V${stop}`));
  }
  return parts.join("");
}

function runs(length, isBorder, emit) {
  let start = -1;
  for (let i = 0; i <= length; i++) {
    const border = i < length && isBorder(i);
    if (border && start < 0) start = i;
    if (!border && start >= 0) {
      emit(start, i);
      start = -1;
    }
  }
}
