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
    query: vectors(header, arrays.query, arrays.query_step),
    key: vectors(header, arrays.key, arrays.key_step),
    logNormaliser: arrays.log_normaliser ?? null,
    ownWindows: header.own_windows ? { ...header.own_windows, bias: arrays.own_bias ?? null } : null,
    weight: identity ? null : weights(arrays.weight),
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
    shares: new Float64Array(M + 1),
    scores: new Float64Array(N),
  };
}

// The nine candidate super tokens of each token, row by row; M stands for a phantom.
export function neighbourIndex({ rows, columns, cell }, tokens) {
  const index = new Int32Array(tokens.length * 9);
  let at = 0;
  for (const [row, column] of tokens) {
    const cellRow = Math.floor(row / cell[0]);
    const cellColumn = Math.floor(column / cell[1]);
    for (let down = -1; down <= 1; down++) {
      for (let across = -1; across <= 1; across++) {
        const r = cellRow + down;
        const c = cellColumn + across;
        const inside = r >= 0 && r < rows && c >= 0 && c < columns;
        index[at++] = inside ? r * columns + c : rows * columns;
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

// Vectors (heads, N, dim), sent as they are or in whole steps of each channel, whose sizes are (heads, dim).
function vectors({ heads }, sent, steps) {
  if (!steps) return sent;
  const perHead = sent.length / heads;
  const dim = steps.length / heads;
  const values = new Float32Array(sent.length);
  for (let i = 0; i < sent.length; i++) values[i] = sent[i] * steps[Math.floor(i / perHead) * dim + (i % dim)];
  return values;
}

// Weights, sent as they are or in the 65,535 steps from 0 to 1.
function weights(sent) {
  if (!(sent instanceof Uint16Array)) return sent;
  const values = new Float32Array(sent.length);
  for (let i = 0; i < sent.length; i++) values[i] = sent[i] / 65535;
  return values;
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
