// Light previews for the filmstrip: super token attention of any block, mean over heads, in bytes.

import { centreOf, tokenAt } from "./geometry.js";
import { neighbourIndex, sampledTokens, withoutNegatives } from "./block.js";

// Takes block `number` of a decoded scene.
export function makePreview({ header, arrays }, number) {
  const block = header.blocks[number];
  const { height, width, step } = block.preview;
  const part = (name) => arrays[`${number}.${name}`];
  const attention = (name) => fromBytes(part(name), part(`${name}_scale`), header.preview_decades);
  const tokens = sampledTokens(block, step);
  const M = block.rows * block.columns;
  const common = { height, width, n: height * width };
  if (block.identity) return { ...common, dense: attention("dense") };
  const index = part("index") ? withoutNegatives(part("index"), M) : neighbourIndex(block, tokens);
  const weight = part("weight");
  return {
    ...common,
    M,
    k: weight.length / tokens.length,
    weight,
    index,
    normaliser: part("normaliser"),
    core: attention("core"),
    cells: new Float32Array(M + 1),
    parts: new Float32Array(M + 1),
  };
}

// The share of each preview token in a region of a block: how many of the region's tokens it stands for. The region may
// name one exact point instead.
export function previewShares(preview, region, block) {
  const shares = new Float32Array(preview.n);
  const points = region.point ? [region.point] : region.tokens.map((token) => pointOf(token, block));
  for (const point of points) {
    const { row, column } = tokenAt(point, preview);
    shares[row * preview.width + column] += 1 / points.length;
  }
  return shares;
}

function pointOf(token, block) {
  return centreOf({ row: Math.floor(token / block.width), column: token % block.width }, block);
}

// Fills `out` with the mean row (or column) of the preview's tokens, weighted by their shares.
export function previewAttention(preview, shares, incoming, out) {
  return preview.dense ? fromDense(preview, shares, incoming, out) : fromFactors(preview, shares, incoming, out);
}

function fromDense({ n, dense }, shares, incoming, out) {
  out.fill(0);
  for (let token = 0; token < n; token++) {
    if (shares[token] === 0) continue;
    for (let i = 0; i < n; i++) out[i] += shares[token] * (incoming ? dense[i * n + token] : dense[token * n + i]);
  }
  return out;
}

function fromFactors({ n, M, k, weight, index, normaliser, core, cells, parts }, shares, incoming, out) {
  parts.fill(0);
  for (let token = 0; token < n; token++) {
    if (shares[token] === 0) continue;
    for (let at = token * k; at < (token + 1) * k; at++) parts[index[at]] += (shares[token] * weight[at]) / 255;
  }
  cells.fill(0);
  for (let m = 0; m < M; m++) {
    if (parts[m] === 0) continue;
    const share = incoming ? parts[m] / normaliser[m] : parts[m];
    for (let c = 0; c < M; c++) cells[c] += share * (incoming ? core[c * M + m] : core[m * M + c]);
  }
  if (!incoming) for (let c = 0; c < M; c++) cells[c] /= normaliser[c];
  cells[M] = 0;
  for (let i = 0, at = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < k; j++, at++) sum += weight[at] * cells[index[at]];
    out[i] = sum / 255;
  }
  return out;
}

// Square attention from bytes in logarithmic steps below the largest weight of each row; 0 is nothing.
function fromBytes(bytes, scale, decades) {
  const parts = Float32Array.from({ length: 256 }, (_, byte) => (byte === 0 ? 0 : 10 ** (decades * (byte / 255 - 1))));
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = parts[bytes[i]] * scale[Math.floor(i / scale.length)];
  return values;
}
