// Reads a payload: a safetensors file (length of the header, header in JSON, arrays) with our own header as metadata.

const ARRAYS = { F32: Float32Array, I32: Int32Array, I16: Int16Array, U16: Uint16Array, U8: Uint8Array };

// Returns { header, arrays }, the arrays flat and by name.
export function decodePayload(bytes) {
  const data = bytes.slice(); // the bytes may start anywhere in a larger buffer; a copy is aligned
  const start = 8 + Number(new DataView(data.buffer).getBigUint64(0, true));
  const { __metadata__: metadata, ...entries } = JSON.parse(new TextDecoder().decode(data.subarray(8, start)));
  const arrays = {};
  for (const [name, { dtype, data_offsets: offsets }] of Object.entries(entries)) {
    const [from, to] = offsets.map((offset) => start + offset);
    arrays[name] = new ARRAYS[dtype](data.buffer, from, (to - from) / ARRAYS[dtype].BYTES_PER_ELEMENT);
  }
  return { header: JSON.parse(metadata.header), arrays };
}
