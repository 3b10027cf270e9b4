// One block's factors, ready to multiply: index and labels filled in, scratch memory allocated once.

// Turns a decoded block payload into what attention.js works on. Phantoms have index M, one past the last cell.
export function makeBlock({ header, arrays }) {
  const { height, width, rows, columns, heads, identity } = header;
  const N = height * width;
  const M = identity ? N : rows * columns;
  return {
    ...header,
    N,
    M,
    k: identity ? 1 : arrays.weight.length / N,
    query: arrays.query ?? unrounded(header, arrays.query_low, arrays.query_high, arrays.query_step),
    key: arrays.key ?? unrounded(header, arrays.key_low, arrays.key_high, arrays.key_step),
    logNormaliser: arrays.log_normaliser ?? null,
    weight: identity ? null : arrays.weight,
    index: identity
      ? null
      : arrays.index
        ? withoutNegatives(arrays.index, M)
        : neighbourIndex(header, allTokens(header)),
    labels: identity ? null : arrays.labels,
    normaliser: identity ? null : arrays.normaliser,
    core: identity ? null : arrays.core,
    meanCore: identity ? null : meanOverHeads(arrays.core, heads, M * M),
    cells: new Float64Array(M + 1),
    scores: new Float64Array(N),
  };
}

// The nine candidate super tokens of each token, row by row; M stands for a phantom.
export function neighbourIndex({ rows, columns, cell }, tokens) {
  const index = new Int32Array(tokens.length * 9);
  let place = 0;
  for (const [row, column] of tokens) {
    const cellRow = Math.floor(row / cell[0]);
    const cellColumn = Math.floor(column / cell[1]);
    for (let down = -1; down <= 1; down++) {
      for (let across = -1; across <= 1; across++) {
        const r = cellRow + down;
        const c = cellColumn + across;
        const inside = r >= 0 && r < rows && c >= 0 && c < columns;
        index[place++] = inside ? r * columns + c : rows * columns;
      }
    }
  }
  return index;
}

// (row, column) of every step-th token, centred in its step.
export function sampledTokens({ height, width }, step) {
  const tokens = [];
  for (let row = Math.floor(step / 2); row < height; row += step) {
    for (let column = Math.floor(step / 2); column < width; column += step) tokens.push([row, column]);
  }
  return tokens;
}

export function withoutNegatives(index, phantom) {
  return Int32Array.from(index, (cell) => (cell < 0 ? phantom : cell));
}

// Vectors (heads, N, dim) from numbers whose low bytes and packed upper bits come apart, in steps of each channel.
function unrounded({ bits, heads }, low, high, steps) {
  const vectors = new Float32Array(low.length);
  const perHead = low.length / heads;
  const dim = steps.length / heads;
  const upper = bits - 8;
  const zero = 2 ** (bits - 1) - 1;
  for (let i = 0; i < low.length; i++) {
    const bit = upper * i;
    const pair = high[bit >> 3] | (high[(bit >> 3) + 1] << 8); // past the end reads as 0
    const number = low[i] | (((pair >> (bit & 7)) & (2 ** upper - 1)) << 8);
    vectors[i] = (number - zero) * steps[Math.floor(i / perHead) * dim + (i % dim)];
  }
  return vectors;
}

function allTokens(header) {
  return sampledTokens(header, 1);
}

function meanOverHeads(perHead, heads, length) {
  const mean = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += perHead[head * length + i];
    mean[i] = sum / heads;
  }
  return mean;
}
