// The borders between super tokens as one SVG path in token units, long runs joined.

export function boundaryPath({ labels, height, width }) {
  if (!labels) return "";
  const parts = [];
  for (let row = 1; row < height; row++) {
    runs(
      width,
      (column) => labels[(row - 1) * width + column] !== labels[row * width + column],
      (start, stop) => {
        parts.push(`M${start} ${row}H${stop}`);
      },
    );
  }
  for (let column = 1; column < width; column++) {
    runs(
      height,
      (row) => labels[row * width + column - 1] !== labels[row * width + column],
      (start, stop) => {
        parts.push(`M${column} ${start}V${stop}`);
      },
    );
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
