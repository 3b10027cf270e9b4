// One panel on its canvas: the picture or its groups, borders, what people drew, the region that is pointed at.

const LINES = {
  groups: { colour: "#fff", width: 1.25, halo: 2.75 },
  people: { width: 2, halo: 3.75 },
  region: { colour: "#ff2dd1", width: 2.5, halo: 5 },
  place: { width: 2, halo: 4.5 },
};
const HALO = "rgba(0, 0, 0, 0.6)";

export function drawPanel(canvas, scene, panel, view, region) {
  const context = canvas.getContext("2d");
  const { picture } = scene;
  const scale = (canvas.width / picture.width) * view.zoom;
  const pen = (canvas.width / canvas.clientWidth || 1) / scale; // one CSS pixel in pixels of the picture
  context.setTransform(scale, 0, 0, scale, -view.x * scale, -view.y * scale);
  context.imageSmoothingEnabled = !panel.filled;
  context.imageSmoothingQuality = "high";
  context.drawImage(panel.filled ?? picture.image, 0, 0, picture.width, picture.height);
  const stroke = (path, { colour, width, halo }) => {
    for (const [style, wide] of [
      [HALO, halo],
      [colour, width],
    ]) {
      context.strokeStyle = style;
      context.lineWidth = wide * pen;
      context.lineCap = "square";
      context.stroke(path);
    }
  };
  if (!panel.filled) stroke(panel.borders, LINES.groups);
  for (const path of scene.people) stroke(path, { ...LINES.people, colour: scene.colours.people });
  if (scene.placePath) stroke(scene.placePath, { ...LINES.place, colour: scene.colours.place });
  if (region) stroke(region, LINES.region);
}

// A small canvas with one pixel for each cell, in the colour of its group.
export function filledCells(labels, fill) {
  if (!fill) return null;
  const colours = Uint8Array.from(atob(fill), (character) => character.charCodeAt(0));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [labels.columns, labels.rows];
  const image = new ImageData(labels.columns, labels.rows);
  for (let cell = 0; cell < labels.of.length; cell++) {
    image.data.set(colours.subarray(3 * labels.of[cell], 3 * labels.of[cell] + 3), 4 * cell);
    image.data[4 * cell + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export function tokenBox(picture, grid, place) {
  if (!place) return null;
  const [wide, tall] = [picture.width / grid.columns, picture.height / grid.rows];
  const path = new Path2D();
  path.rect(place[1] * wide, place[0] * tall, wide, tall);
  return path;
}
