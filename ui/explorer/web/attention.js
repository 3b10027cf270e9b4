// Rows and columns of N x N attention from its factors. Heads count from 0; MEAN is the mean over heads.
// Every function fills `out` (Float32Array of N) and returns it: the mean row of some tokens (outgoing; rows are
// queries) or their mean column (incoming). A token alone is a list of one. Nothing is renormalised.

export const MEAN = -1;

// Q A(S) Q-hat^T; in a block without super tokens it is the attention in its own windows, or global (cell 1).
// The mean is taken of the rows of Q, so that a region costs no more than a few of its super tokens.
export function tokenAttention(block, tokens, head, incoming, out) {
  if (block.ownWindows) return windowedAttention(block, block.ownWindows, tokens, head, incoming, out);
  if (block.identity) return globalAttention(block, tokens, head, incoming, out);
  const { M, normaliser, cells, shares } = block;
  const core = head === MEAN ? block.meanCore : block.core.subarray(head * M * M, (head + 1) * M * M);
  meanAssociation(block, tokens, shares);
  cells.fill(0);
  for (let m = 0; m < M; m++) {
    if (shares[m] === 0) continue;
    const share = incoming ? shares[m] / normaliser[m] : shares[m];
    const start = incoming ? m : m * M;
    const stride = incoming ? M : 1;
    for (let c = 0; c < M; c++) cells[c] += share * core[start + c * stride];
  }
  if (!incoming) for (let c = 0; c < M; c++) cells[c] /= normaliser[c];
  return spread(block, out);
}

// Fills `shares` (M + 1) with the mean row of Q; what phantoms took is the last of them.
function meanAssociation({ k, index, weight }, tokens, shares) {
  shares.fill(0);
  for (const token of tokens) {
    for (let at = token * k; at < (token + 1) * k; at++) shares[index[at]] += weight[at] / tokens.length;
  }
  return shares;
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
export function globalAttention(block, tokens, head, incoming, out) {
  if (incoming && !block.logNormaliser) return null;
  const left = globalSteps(block, tokens, head, incoming, out);
  while (!left.next().done);
  return out;
}

// The same in steps of one row of one head, for regions that take longer than a pointer may wait.
export function* globalSteps(block, tokens, head, incoming, out) {
  out.fill(0);
  const [first, last] = headRange(block, head);
  const share = 1 / ((last - first) * tokens.length);
  const add = incoming ? addGlobalColumn : addGlobalRow;
  for (let h = first; h < last; h++) {
    for (const token of tokens) {
      add(block, token, h, share, out);
      yield;
    }
  }
}

// Multiplications that a kind of attention takes: products of all pairs of tokens, or next to nothing.
export function workOf(kind, block, tokens, head) {
  const isGlobal = kind === "global" || (kind === "super" && block.identity && !block.ownWindows);
  const [first, last] = headRange(block, head);
  return isGlobal ? (last - first) * tokens.length * block.N * block.head_dim : 0;
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
export function localAttention(block, tokens, head, incoming, out) {
  return windowedAttention(block, { side: block.window, shift: [0, 0], bias: null }, tokens, head, incoming, out);
}

// softmax(q k^T * scale + bias) inside windows; zero outside those of the tokens.
function windowedAttention(block, windows, tokens, head, incoming, out) {
  out.fill(0);
  const [first, last] = headRange(block, head);
  const share = 1 / ((last - first) * tokens.length);
  for (const { members, chosen } of windowsOf(block, windows, tokens)) {
    const row = new Float64Array(members.length);
    const read = (h, i) => windowRow(block, windows.bias && windows, h, members[i], members, row);
    for (let h = first; h < last; h++) {
      if (incoming) {
        for (let i = 0; i < members.length; i++) {
          read(h, i);
          for (const own of chosen) out[members[i]] += share * row[own];
        }
        continue;
      }
      for (const own of chosen) {
        read(h, own);
        for (let j = 0; j < members.length; j++) out[members[j]] += share * row[j];
      }
    }
  }
  return out;
}

// The windows that hold some tokens: the members of each, and which of them, by number, are among the tokens.
function windowsOf(block, windows, tokens) {
  const found = new Map();
  for (const token of tokens) {
    const members = windowOf(block, windows, token);
    const window = found.get(members[0]) ?? { members, chosen: [] };
    window.chosen.push(members.indexOf(token));
    found.set(members[0], window);
  }
  return found.values();
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

// The mean association of some tokens, drawn on the tokens that belong most to each of their super tokens.
export function association(block, tokens, out) {
  if (block.identity) {
    out.fill(0);
    for (const token of tokens) out[token] = 1 / tokens.length;
    return out;
  }
  const { N, labels } = block;
  const shares = meanAssociation(block, tokens, block.shares);
  for (let n = 0; n < N; n++) out[n] = shares[labels[n]];
  return out;
}

// What phantoms took of the association of some tokens, on average.
export function phantomMass(block, tokens) {
  return block.identity ? 0 : meanAssociation(block, tokens, block.shares)[block.M];
}

function headRange(block, head) {
  return head === MEAN ? [0, block.heads] : [head, head + 1];
}

// What computes each kind of attention, by the names that come with the payload.
export const ATTENTIONS = { super: tokenAttention, global: globalAttention, local: localAttention };
