// Tokens ({ row, column } of a grid) and places ({ down, across } as parts of the picture).

export function centreOf({ row, column }, { height, width }) {
  return { down: (row + 0.5) / height, across: (column + 0.5) / width };
}

export function tokenAt({ down, across }, grid) {
  return clampToken({ row: Math.floor(down * grid.height), column: Math.floor(across * grid.width) }, grid);
}

export function clampToken({ row, column }, { height, width }) {
  const clamp = (position, side) => Math.max(0, Math.min(side - 1, position));
  return { row: clamp(row, height), column: clamp(column, width) };
}

// Whether two tokens, either of which may be missing, are the same.
export function samePlace(one, other) {
  return one?.row === other?.row && one?.column === other?.column;
}
