// Rows and columns of N x N attention from its factors. Heads count from 0; MEAN is the mean over heads.
// Every function fills `out` (Float32Array of N) and returns it. Rows are queries: outgoing is a row of the
// anchor, incoming its column. Nothing is renormalised.

export const MEAN = -1;

// Q A(S) Q-hat^T; in a block without super tokens it is the attention in its own windows, or global (cell 1).
export function tokenAttention(block, token, head, incoming, out) {
  if (block.ownWindows) return windowedAttention(block, block.ownWindows, token, head, incoming, out);
  if (block.identity) return globalAttention(block, token, head, incoming, out);
  const { M, k, index, weight, normaliser, cells } = block;
  const core = head === MEAN ? block.meanCore : block.core.subarray(head * M * M, (head + 1) * M * M);
  cells.fill(0);
  for (let j = 0; j < k; j++) {
    const m = index[token * k + j];
    if (m === M) continue; // a phantom: its weight is lost
    const share = incoming ? weight[token * k + j] / normaliser[m] : weight[token * k + j];
    const start = incoming ? m : m * M;
    const stride = incoming ? M : 1;
    for (let c = 0; c < M; c++) cells[c] += share * core[start + c * stride];
  }
  if (!incoming) for (let c = 0; c < M; c++) cells[c] /= normaliser[c];
  return spread(block, out);
}

// Gives each token the weighted sum of its super tokens' values in block.cells.
function spread({ N, M, k, index, weight, cells }, out) {
  cells[M] = 0;
  for (let n = 0, at = 0; n < N; n++) {
    let sum = 0;
    for (let j = 0; j < k; j++, at++) sum += weight[at] * cells[index[at]];
    out[n] = sum;
  }
  return out;
}

// softmax(q k^T * scale) over all tokens. Incoming needs every row's normaliser; without them null is returned.
export function globalAttention(block, token, head, incoming, out) {
  if (incoming && !block.logNormaliser) return null;
  out.fill(0);
  const [first, last] = headRange(block, head);
  for (let h = first; h < last; h++) {
    if (incoming) addGlobalColumn(block, token, h, 1 / (last - first), out);
    else addGlobalRow(block, token, h, 1 / (last - first), out);
  }
  return out;
}

function addGlobalRow(block, token, h, share, out) {
  const { N, scores } = block;
  products(block.query, block.key, block, h, token);
  let top = -Infinity;
  for (let n = 0; n < N; n++) if (scores[n] > top) top = scores[n];
  let sum = 0;
  for (let n = 0; n < N; n++) sum += scores[n] = Math.exp(scores[n] - top);
  const factor = share / sum;
  for (let n = 0; n < N; n++) out[n] += factor * scores[n];
}

function addGlobalColumn(block, token, h, share, out) {
  const { N, scores, logNormaliser } = block;
  products(block.key, block.query, block, h, token);
  for (let n = 0; n < N; n++) out[n] += share * Math.exp(scores[n] - logNormaliser[h * N + n]);
}

// Fills block.scores with scale times the products of one vector of `one` with all vectors of `many`.
function products(one, many, { N, head_dim: dim, scale, scores }, h, token) {
  const start = h * N * dim;
  const vector = one.slice(start + token * dim, start + (token + 1) * dim);
  for (let n = 0, at = start; n < N; n++) {
    let sum = 0;
    for (let d = 0; d < dim; d++, at++) sum += vector[d] * many[at];
    scores[n] = sum * scale;
  }
}

// The same inside non-overlapping windows that start at the top left.
export function localAttention(block, token, head, incoming, out) {
  return windowedAttention(block, { side: block.window, shift: [0, 0], bias: null }, token, head, incoming, out);
}

// softmax(q k^T * scale + bias) inside windows; zero outside the anchor's window.
function windowedAttention(block, windows, token, head, incoming, out) {
  out.fill(0);
  const members = windowOf(block, windows, token);
  const [first, last] = headRange(block, head);
  const row = new Float64Array(members.length);
  for (let h = first; h < last; h++) {
    if (!incoming) {
      windowRow(block, windows.bias && windows, h, token, members, row);
      members.forEach((n, i) => {
        out[n] += row[i] / (last - first);
      });
      continue;
    }
    const own = members.indexOf(token);
    for (const n of members) {
      windowRow(block, windows.bias && windows, h, n, members, row);
      out[n] += row[own] / (last - first);
    }
  }
  return out;
}

function windowRow({ N, width, head_dim: dim, scale, query, key }, biased, h, token, members, row) {
  const start = h * N * dim;
  let top = -Infinity;
  for (let i = 0; i < members.length; i++) {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += query[start + token * dim + d] * key[start + members[i] * dim + d];
    row[i] = sum * scale + (biased ? biasOf(biased, h, token, members[i], width) : 0);
    top = Math.max(top, row[i]);
  }
  let total = 0;
  for (let i = 0; i < row.length; i++) total += row[i] = Math.exp(row[i] - top);
  for (let i = 0; i < row.length; i++) row[i] /= total;
}

// What a head adds to the logit of a query and a key by how far they lie apart, less than a window either way.
function biasOf({ side, bias }, h, query, key, width) {
  const reach = 2 * side - 1;
  const down = Math.floor(query / width) - Math.floor(key / width) + side - 1;
  const across = (query % width) - (key % width) + side - 1;
  return bias[(h * reach + down) * reach + across];
}

// The tokens of the token's window; those at the borders may be cut off.
export function windowOf({ height, width }, { side, shift }, token) {
  const top = begin(Math.floor(token / width), side, shift[0]);
  const left = begin(token % width, side, shift[1]);
  const members = [];
  for (let row = Math.max(top, 0); row < Math.min(top + side, height); row++) {
    for (let column = Math.max(left, 0); column < Math.min(left + side, width); column++) {
      members.push(row * width + column);
    }
  }
  return members;
}

// Where the window begins that holds a position of an axis.
function begin(position, side, shift) {
  return Math.floor((position - shift) / side) * side + shift;
}

// The anchor's association, drawn on the tokens that belong most to each of its super tokens.
export function association(block, token, out) {
  if (block.identity) {
    out.fill(0);
    out[token] = 1;
    return out;
  }
  const { N, k, index, weight, labels, cells } = block;
  cells.fill(0);
  for (let j = 0; j < k; j++) cells[index[token * k + j]] += weight[token * k + j];
  for (let n = 0; n < N; n++) out[n] = cells[labels[n]];
  return out;
}

// What phantoms took of the anchor's association.
export function phantomMass(block, token) {
  if (block.identity) return 0;
  let lost = 0;
  for (let j = 0; j < block.k; j++) {
    if (block.index[token * block.k + j] === block.M) lost += block.weight[token * block.k + j];
  }
  return lost;
}

function headRange(block, head) {
  return head === MEAN ? [0, block.heads] : [head, head + 1];
}

// What computes each kind of attention, by the names that come with the payload.
export const ATTENTIONS = { super: tokenAttention, global: globalAttention, local: localAttention };
