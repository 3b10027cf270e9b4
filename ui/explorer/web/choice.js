// What is chosen: block, head, token and region. The one owner of them in the browser; it knows nothing of the page.

import { MEAN } from "./attention.js";
import { centreOf, sameToken, tokenAt } from "./geometry.js";

export class Choice {
  // blocks: descriptions of all captured blocks, in order of depth.
  constructor(blocks) {
    this.blocks = blocks;
    this.index = 0; // of the chosen block
    this.head = MEAN;
    this.region = { kind: "token", height: 200, width: 200 }; // what lies around the token; see region.js
    this.pin = { down: 0.5, across: 0.5 }; // a point of the picture, so that it survives other resolutions
    this.sequence = null; // counts choices made here; null until Python has said where to start
  }

  get block() {
    return this.blocks[this.index];
  }

  // The pinned token on the grid of a block, which need not be the chosen one while that loads.
  pinned(grid = this.block) {
    return tokenAt(this.pin, grid);
  }

  // Takes what Python says, unless a later choice was made here; tells whether it did.
  adopt({ stage, block, row, column, head, region, sequence }) {
    const first = this.sequence === null;
    if (!first && sequence < this.sequence) return false;
    this.sequence = sequence;
    this.index = Math.max(0, this.find(stage, block));
    const token = { row, column };
    if (first || !sameToken(token, this.pinned())) this.pin = centreOf(token, this.block);
    this.head = head ?? MEAN;
    if (region) this.region = region;
    return true;
  }

  pinToken(token, grid) {
    this.pin = centreOf(token, grid);
    this.sequence += 1;
  }

  chooseBlock(index) {
    this.index = index;
    this.sequence += 1;
  }

  chooseHead(head) {
    this.head = head;
    this.sequence += 1;
  }

  chooseRegion(region) {
    this.region = { ...this.region, ...region };
    this.sequence += 1;
  }

  // Counts a choice that somebody else keeps.
  count() {
    this.sequence += 1;
  }

  find(stage, block) {
    return this.blocks.findIndex((each) => each.stage === stage && each.block === block);
  }

  // The head that a block shows: the chosen one, or the mean where it has fewer.
  headOf(block) {
    return this.head < block.heads ? this.head : MEAN;
  }

  // What Python hears.
  report() {
    const { stage, block } = this.block;
    const head = this.head === MEAN ? null : this.head;
    return { stage, block, ...this.pinned(), head, region: this.region, sequence: this.sequence };
  }
}
