// What is drawn, made ready once: the picture decoded, groups unpacked, their borders as paths.

import { filledCells, tokenBox } from "./drawing.js";
import { allBorders, unpackLabels } from "./labels.js";

export const sceneOf = async (data) => {
  const picture = { ...data.picture, image: await loaded(data.picture.source) };
  const panels = data.panels.map(async (panel) => {
    const labels = await unpackLabels(panel.labels);
    return { ...panel, labels, borders: allBorders(labels, picture), filled: filledCells(labels, panel.fill) };
  });
  const people = data.people.map(async (packed) => allBorders(await unpackLabels(packed), picture));
  return {
    picture,
    grid: data.grid,
    picks: data.picks,
    colours: data.colours,
    placePath: tokenBox(picture, data.grid, data.place),
    panels: await Promise.all(panels),
    people: await Promise.all(people),
  };
};

function loaded(source) {
  const image = new Image();
  image.src = source;
  return image.decode().then(() => image);
}
