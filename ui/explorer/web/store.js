// Decoded payloads, shared by everything on the page: a block looked at once is there at once the next time.

import { makeBlock } from "./block.js";
import { decodePayload } from "./payload.js";

const MAX_BYTES = 128 * 2 ** 20; // of payloads kept, as sent; the oldest go first

const kept = new Map(); // name -> { kind, bytes, content }, least recently used first
const listeners = new Set();

// Takes a payload as bytes, unless its name is known, and tells everybody. Names are unique to their content.
export function keepPayload(bytes) {
  const decoded = decodePayload(bytes);
  const { name, kind } = decoded.header;
  if (kept.has(name)) return;
  kept.set(name, { bytes: bytes.length, content: kind === "block" ? makeBlock(decoded) : decoded });
  forgetOldest(name);
  for (const listener of listeners) listener();
}

// Returns a decoded scene, a block, or undefined.
export function keptPayload(name) {
  const entry = kept.get(name);
  if (!entry) return undefined;
  kept.delete(name); // and back in at the end: used last
  kept.set(name, entry);
  return entry.content;
}

// Calls `listener` after each payload; returns what ends it.
export function onPayload(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function forgetOldest(newest) {
  let total = 0;
  for (const { bytes } of kept.values()) total += bytes;
  for (const [name, { bytes }] of kept) {
    if (total <= MAX_BYTES || name === newest) return;
    kept.delete(name);
    total -= bytes;
  }
}
