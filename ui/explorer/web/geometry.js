// Tokens ({ row, column } of a grid) and points ({ down, across } in fractions of the picture's height and width).

export function centreOf({ row, column }, { height, width }) {
  return { down: (row + 0.5) / height, across: (column + 0.5) / width };
}

export function tokenAt({ down, across }, grid) {
  return clampToken({ row: Math.floor(down * grid.height), column: Math.floor(across * grid.width) }, grid);
}

export function clampToken({ row, column }, { height, width }) {
  const clamp = (value, side) => Math.max(0, Math.min(side - 1, value));
  return { row: clamp(row, height), column: clamp(column, width) };
}

// Whether two tokens, either of which may be missing, are the same.
export function sameToken(one, other) {
  return one?.row === other?.row && one?.column === other?.column;
}
