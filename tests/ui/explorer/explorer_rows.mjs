// Answers requests about a payload with what the browser would compute: node explorer_rows.mjs PAYLOAD < requests.json
// A request is { kind, token, head, incoming } or one with { region, row, column, segments } in place of the token, see
// region.js; head -1 is the mean. For a scene it is { index, down, across, incoming }.

import { readFileSync } from "node:fs";
import { ATTENTIONS, association, phantomMass } from "../../../ui/explorer/web/attention.js";
import { makeBlock } from "../../../ui/explorer/web/block.js";
import { decodePayload } from "../../../ui/explorer/web/payload.js";
import { makePreview, previewAttention, previewShares } from "../../../ui/explorer/web/preview.js";
import { regionAt } from "../../../ui/explorer/web/region.js";
import { rowSummary } from "../../../ui/explorer/web/summary.js";

function answerBlock(block, { kind, token, head, incoming, region, row, column, segments }) {
  const out = new Float32Array(block.N);
  const at = { row: row ?? Math.floor(token / block.width), column: column ?? token % block.width };
  const found = regionAt(region ?? { kind: "token" }, at, block, segments);
  const { tokens } = found;
  if (kind === "association") {
    return { row: [...association(block, tokens, out)], phantoms: phantomMass(block, tokens), tokens };
  }
  if (!ATTENTIONS[kind](block, tokens, head, incoming, out)) return null;
  return { row: [...out], summary: rowSummary(out, block, found), tokens };
}

function answerScene(scene, { index, down, across, incoming }) {
  const preview = makePreview(scene, index);
  const out = new Float32Array(preview.height * preview.width);
  return {
    row: [...previewAttention(preview, previewShares(preview, { point: { down, across } }), incoming, out)],
    height: preview.height,
    width: preview.width,
  };
}

const decoded = decodePayload(new Uint8Array(readFileSync(process.argv[2])));
const requests = JSON.parse(readFileSync(0, "utf8"));
const isBlock = decoded.header.kind === "block";
const target = isBlock ? makeBlock(decoded) : decoded;
console.log(JSON.stringify(requests.map((request) => (isBlock ? answerBlock : answerScene)(target, request))));
