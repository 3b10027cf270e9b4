// The colour map, sent as 256 x RGB bytes, as pixels and as a gradient of a style sheet.

const STOP_EVERY = 15; // levels between the stops of the gradient

// As 32-bit pixels of ImageData.
export function pixelTable(colourMap) {
  const pixels = new Uint8ClampedArray(256 * 4);
  for (let level = 0; level < 256; level++) {
    pixels.set(colourMap.subarray(3 * level, 3 * level + 3), 4 * level);
    pixels[4 * level + 3] = 255;
  }
  return new Uint32Array(pixels.buffer);
}

export function gradient(colourMap) {
  const stops = [];
  for (let level = 0; level < 256; level += STOP_EVERY) {
    stops.push(`rgb(${colourMap.slice(3 * level, 3 * level + 3).join(" ")})`);
  }
  return `linear-gradient(to right, ${stops.join(",")})`;
}
