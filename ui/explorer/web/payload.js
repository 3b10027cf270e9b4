// Reads the binary layout that container.py writes: magic, version, JSON header, aligned arrays, CRC-32.

const VERSION = 1;
const PREFIX_BYTES = 12;
const CHECKSUM_BYTES = 4;

let crcTable = null;
let halfTable = null;

// Returns { header, arrays }; arrays are typed arrays, half precision widened to Float32Array.
export function decodePayload(bytes) {
  const data = bytes.slice(); // the bytes may start anywhere in a larger buffer; a copy is aligned
  const view = new DataView(data.buffer);
  checkPayload(data, view);
  const start = PREFIX_BYTES + view.getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(PREFIX_BYTES, start)));
  const arrays = {};
  for (const [name, entry] of Object.entries(header.arrays)) {
    arrays[name] = readArray(data.buffer, start + entry.offset, entry);
  }
  return { header, arrays };
}

// Returns the header alone, without looking at the arrays.
export function payloadHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = PREFIX_BYTES + view.getUint32(8, true);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX_BYTES, end)));
}

function checkPayload(data, view) {
  const magic = String.fromCharCode(...data.subarray(0, 4));
  if (magic !== "STVX") throw new Error(`A payload starts with STVX, got ${JSON.stringify(magic)}.`);
  const version = view.getUint32(4, true);
  if (version !== VERSION) {
    throw new Error(`The explorer reads payloads of version ${VERSION}, got version ${version}; reload the page.`);
  }
  const end = data.length - CHECKSUM_BYTES;
  if (checksum(data, end) !== view.getUint32(end, true)) {
    throw new Error("The payload is damaged: its checksum does not match. Reload the page.");
  }
}

function readArray(buffer, offset, { dtype, shape }) {
  const length = shape.reduce((product, side) => product * side, 1);
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer, offset, length);
    case "float16":
      return widenHalf(new Uint16Array(buffer, offset, length));
    case "int32":
      return new Int32Array(buffer, offset, length);
    case "int16":
      return new Int16Array(buffer, offset, length);
    case "uint8":
      return new Uint8Array(buffer, offset, length);
    default:
      throw new Error(`The payload holds an array of unknown type ${dtype}.`);
  }
}

function widenHalf(halves) {
  halfTable ??= makeHalfTable();
  const wide = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) wide[i] = halfTable[halves[i]];
  return wide;
}

// The value of each of the 65,536 half-precision numbers.
function makeHalfTable() {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) table[bits] = fraction ? NaN : sign * Infinity;
    else if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else table[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return table;
}

function checksum(data, end) {
  crcTable ??= makeCrcTable();
  let crc = 0xffffffff;
  for (let i = 0; i < end; i++) crc = crcTable[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function makeCrcTable() {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}
