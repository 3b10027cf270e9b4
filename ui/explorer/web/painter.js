// What is on the screen for the choice and the pointer: which region is painted, and when.

import { spokenAnchor } from "./captions.js";
import { setText } from "./dom.js";
import { paintFilmstrip } from "./filmstrip.js";
import { centreOf, sameToken, tokenAt } from "./geometry.js";
import { computeView, describeAnchor, describeView, paintView, readView } from "./painting.js";
import { regionAt } from "./region.js";
import { settings } from "./settings.js";
import { Slices } from "./slices.js";
import { markRegion } from "./stage.js";

export class Painter {
  // spoken: the element that says the pinned anchor; segmentsOf(block): labels of its tokens, or undefined.
  constructor({ view, strip, choice, spoken, segmentsOf }) {
    Object.assign(this, { view, strip, choice, spoken, segmentsOf });
    this.block = null; // the one that is shown
    this.hovered = null; // a token of it
    this.drawn = null; // a rectangle while it is drawn
    this.painted = null; // the region that is painted
    this.summaries = {};
    this.slices = new Slices();
    this.stripDue = 0;
  }

  // Shows another block; what the pointer is over stays where it is on the picture.
  open(block) {
    if (this.hovered) this.hovered = tokenAt(centreOf(this.hovered, this.block), block);
    this.block = block;
    this.drawn = null;
  }

  hover(token) {
    if (sameToken(token, this.hovered)) return;
    this.hovered = token;
    this.show();
  }

  draw(rectangle) {
    this.drawn = rectangle;
    this.show();
  }

  // The middle of what is painted, or of the pinned token as long as nothing is, in shares of the picture.
  middle() {
    const { down, across } = centreOf(this.painted ?? this.choice.pinned(this.block), this.block);
    return { x: across, y: down };
  }

  stop() {
    this.slices.stop();
    cancelAnimationFrame(this.stripDue);
  }

  // Paints after a change of block, region or settings, which notes and ranges tell of.
  showAll() {
    const { kind } = this.choice.region;
    const head = this.choice.headOf(this.block);
    describeView(this.view, this.block, { kind, head, incoming: settings.incoming });
    this.painted = null;
    this.show();
    readView(this.view, null, this.block);
  }

  // Shows what the pointer is over, else what is pinned.
  show() {
    const pinned = this.#regionAt(this.choice.pinned(this.block));
    const region = this.#pointedAt() ?? pinned;
    if (!region) return; // its segments are on their way
    if (pinned?.token) pinned.point = this.choice.pin; // which is exact on finer grids, too
    if (region.key !== this.painted?.key) this.#paint(region);
    const isPinned = region.key === pinned?.key;
    describeAnchor(this.view, this.block, region, isPinned);
    markRegion(this.view.picker.stage, "pin", isPinned ? null : pinned);
    if (isPinned) this.#say();
  }

  #pointedAt() {
    if (this.drawn) return this.#regionAt(this.drawn.token, this.drawn);
    return this.hovered && this.#regionAt(this.hovered);
  }

  #regionAt(token, region = this.choice.region) {
    return regionAt(region, token, this.block, this.segmentsOf(this.block));
  }

  #paint(region) {
    const { view, block } = this;
    const head = this.choice.headOf(block);
    const { summaries, left } = computeView(view, block, { region, head, incoming: settings.incoming });
    Object.assign(this, { painted: region, summaries });
    const paint = () => paintView(view, block, region, summaries, settings);
    paint();
    this.slices.run(left, paint);
    if (!this.stripDue) this.stripDue = requestAnimationFrame(() => this.#showStrip());
  }

  #say() {
    const { kind, spokenTitle } = this.view.panels[0];
    setText(this.spoken, spokenAnchor(this.painted, spokenTitle, this.summaries[kind]));
  }

  #showStrip() {
    this.stripDue = 0;
    paintFilmstrip(this.strip, this.painted, this.block, settings.incoming, settings.scale);
  }
}
