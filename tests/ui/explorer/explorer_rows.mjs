// Answers requests about a payload with what the browser would compute: node explorer_rows.mjs PAYLOAD < requests.json
// A request is { kind, token, head, incoming }; head -1 is the mean. For a scene it is
// { index, down, across, incoming }.

import { readFileSync } from "node:fs";
import { ATTENTIONS, association, phantomMass } from "../../../ui/explorer/web/attention.js";
import { makeBlock } from "../../../ui/explorer/web/block.js";
import { decodePayload } from "../../../ui/explorer/web/payload.js";
import { makePreview, previewAttention } from "../../../ui/explorer/web/preview.js";
import { rowSummary } from "../../../ui/explorer/web/summary.js";

function answerBlock(block, { kind, token, head, incoming }) {
  const out = new Float32Array(block.N);
  if (kind === "association") {
    return { row: [...association(block, token, out)], phantoms: phantomMass(block, token) };
  }
  if (!ATTENTIONS[kind](block, token, head, incoming, out)) return null;
  return { row: [...out], summary: rowSummary(out, block, token) };
}

function answerScene(scene, { index, down, across, incoming }) {
  const preview = makePreview(scene, index);
  const out = new Float32Array(preview.height * preview.width);
  return {
    row: [...previewAttention(preview, { down, across }, incoming, out)],
    height: preview.height,
    width: preview.width,
  };
}

const decoded = decodePayload(new Uint8Array(readFileSync(process.argv[2])));
const requests = JSON.parse(readFileSync(0, "utf8"));
const isBlock = decoded.header.kind === "block";
const target = isBlock ? makeBlock(decoded) : decoded;
console.log(JSON.stringify(requests.map((request) => (isBlock ? answerBlock : answerScene)(target, request))));
