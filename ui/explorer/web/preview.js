// Light previews for the filmstrip: super token attention of any block, mean over heads, in bytes.

import { tokenAt } from "./geometry.js";
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
  };
}

// Fills `out` with the row (or column) of the preview token at a point of the picture.
export function previewAttention(preview, point, incoming, out) {
  const { row, column } = tokenAt(point, preview);
  const token = row * preview.width + column;
  return preview.dense ? fromDense(preview, token, incoming, out) : fromFactors(preview, token, incoming, out);
}

function fromDense({ n, dense }, token, incoming, out) {
  for (let i = 0; i < n; i++) {
    out[i] = incoming ? dense[i * n + token] : dense[token * n + i];
  }
  return out;
}

function fromFactors({ n, M, k, weight, index, normaliser, core, cells }, token, incoming, out) {
  cells.fill(0);
  for (let j = 0; j < k; j++) {
    const m = index[token * k + j];
    if (m === M) continue;
    const share = weight[token * k + j] / (incoming ? 255 * normaliser[m] : 255);
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
