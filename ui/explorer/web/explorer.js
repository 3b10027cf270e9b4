// Wires the explorer together: what is chosen, when to compute, what Python hears of it.

import { MEAN } from "./attention.js";
import { element, setText } from "./dom.js";
import { makeFilmstrip, markFrame, markPlaying, paintFilmstrip } from "./filmstrip.js";
import { listenToKeys, listenToPanel, listenToPicture } from "./input.js";
import { Player } from "./player.js";
import { centreOf, clampToken, samePlace, tokenAt } from "./places.js";
import { placeMark } from "./stage.js";
import { keptPayload, onPayload } from "./store.js";
import { enableRange, makeToolbar, offerHeads } from "./toolbar.js";
import {
  captionOf,
  describeAnchor,
  describeView,
  fitView,
  headOf,
  makeView,
  paintView,
  readView,
  sayAnchor,
} from "./view.js";

const REPORT_MS = 350; // keys and heads are reported when they rest

// Kept while the page is open, so that leaving the explorer and coming back changes nothing.
const remembered = {
  head: MEAN,
  incoming: false,
  scale: "linear",
  shared: false,
  opacity: 0.75,
  boundaries: true,
  outlines: false,
};

export class Explorer {
  // report(state) hears what was chosen; with onlyStored, blocks that are not in the store cannot be chosen.
  constructor(host, { report, onlyStored = false }) {
    this.report = report;
    this.onlyStored = onlyStored;
    this.settings = remembered;
    this.sequence = null; // counts choices made here; null until Python has said where to start
    this.place = 0; // of the block chosen, in order of depth
    this.pinned = { down: 0.5, across: 0.5 }; // as parts of the picture, so that it survives other resolutions
    this.hovered = null; // a token of the block that is shown
    this.scene = this.block = this.view = this.strip = this.toolbar = this.control = null;
    this.stripDue = this.reportDue = 0;
    this.status = element("p", { class: "status", role: "status" });
    this.content = element("div", { class: "content" });
    this.spoken = element("p", { class: "spoken", "aria-live": "polite" });
    this.content.append(this.status);
    host.append(this.content, this.spoken);
    this.player = new Player({
      next: () => this.#nextPlace(this.place),
      first: () => this.#nextPlace(-1),
      busy: () => this.view.body.getAttribute("aria-busy") === "true",
      go: (place) => this.select(place),
      changed: (playing) => markPlaying(this.strip, playing),
    });
    listenToKeys(host, {
      blockOfStage: (number) => this.scene && this.#selectInStage(this.#blocks[this.place].stage, number),
      stage: (number) => this.scene && this.#selectInStage(number, 0),
      walk: (by) => this.scene && this.select(this.place + by),
      play: () => this.strip && this.player.toggle(),
    });
    this.endListening = onPayload(() => this.control && this.#refresh());
  }

  // Takes what Python wants shown. An answer to something older than the last choice made here is not obeyed.
  update(control) {
    if (control.scene !== this.control?.scene) this.sequence = null;
    this.obey = this.sequence === null || control.sequence >= this.sequence;
    this.control = control;
    this.#refresh();
  }

  destroy() {
    this.endListening();
    this.player.stop();
    clearTimeout(this.reportDue);
    cancelAnimationFrame(this.stripDue);
    if (this.view) URL.revokeObjectURL(this.view.source);
  }

  // --- what there is to show ----------------------------------------------------------------------------------

  get #blocks() {
    return this.scene.header.blocks;
  }

  #refresh() {
    const scene = keptPayload(this.control.scene);
    if (!scene) return setText(this.status, "Loading the explorer …");
    if (scene !== this.scene) this.#build(scene);
    if (this.obey) this.#adopt(this.control);
    this.obey = false;
    return this.#loadBlock();
  }

  #build(scene) {
    if (this.view) URL.revokeObjectURL(this.view.source);
    this.player.stop();
    [this.scene, this.block, this.hovered] = [scene, null, null];
    this.view = makeView(scene);
    this.toolbar = makeToolbar(this.settings, (name) => this.#settingChanged(name));
    this.strip = makeFilmstrip(scene, this.view.table, {
      choose: (place) => this.select(place),
      play: () => this.player.toggle(),
      available: (place) => this.#available(place),
    });
    this.content.replaceChildren(this.toolbar.root, this.strip.root, this.status, this.view.body);
    const pin = (position) => this.pin(position);
    listenToPicture(this.view.stage, {
      hover: (at) => this.hover(at),
      pin,
      step: (down, across) => this.step(down, across),
    });
    for (const panel of this.view.panels) listenToPanel(panel.stage, { read: (at) => this.#read(at), pin });
    this.#applyLook();
  }

  #adopt({ stage, block, row, column, head, sequence }) {
    const place = this.#blocks.findIndex((each) => each.stage === stage && each.block === block);
    const fresh = this.sequence === null;
    this.sequence = sequence;
    this.place = Math.max(0, place);
    const position = { row, column };
    if (fresh || !samePlace(position, this.#pinnedToken())) this.pinned = centreOf(position, this.#blocks[this.place]);
    this.settings.head = head ?? MEAN;
  }

  #loadBlock() {
    markFrame(this.strip, this.place);
    const wanted = this.#blocks[this.place];
    const ready = keptPayload(wanted.name);
    this.view.body.setAttribute("aria-busy", String(!ready));
    if (!ready) return setText(this.status, `Loading ${wanted.title} …`);
    setText(this.status, captionOf(ready));
    if (ready !== this.block) {
      if (this.hovered) this.hovered = tokenAt(centreOf(this.hovered, this.block), ready);
      this.block = ready;
      fitView(this.view, ready);
    }
    offerHeads(this.toolbar, ready.heads, headOf(ready, this.settings));
    this.#describe();
    return this.#show();
  }

  #available(place) {
    return !this.onlyStored || Boolean(keptPayload(this.#blocks[place].name));
  }

  #nextPlace(from) {
    for (let place = from + 1; place < this.#blocks.length; place++) if (this.#available(place)) return place;
    return null;
  }

  // --- painting -----------------------------------------------------------------------------------------------

  #describe() {
    describeView(this.view, this.block, this.settings);
    readView(this.view, null, this.block);
    enableRange(this.toolbar, this.settings.scale !== "rank");
  }

  #show() {
    const pinned = tokenAt(this.pinned, this.block); // the block shown is not the chosen one while that loads
    const anchor = this.hovered ?? pinned;
    const summaries = paintView(this.view, this.block, anchor, this.settings);
    describeAnchor(this.view, this.block, anchor, !this.hovered);
    placeMark(this.view.stage, "pin", this.hovered ? pinned : null);
    if (!this.hovered) setText(this.spoken, sayAnchor(anchor, summaries.super));
    if (!this.stripDue) this.stripDue = requestAnimationFrame(() => this.#showStrip());
  }

  #showStrip() {
    this.stripDue = 0;
    const at = this.hovered ? centreOf(this.hovered, this.block) : this.pinned;
    paintFilmstrip(this.strip, at, this.settings.incoming, this.settings.scale);
  }

  #applyLook() {
    this.view.body.style.setProperty("--heat", this.settings.opacity);
    this.view.body.classList.toggle("bare-picture", !this.settings.boundaries);
    this.view.body.classList.toggle("bare-maps", !this.settings.outlines);
  }

  // --- what a person does -------------------------------------------------------------------------------------

  #pinnedToken() {
    return tokenAt(this.pinned, this.#blocks[this.place]);
  }

  hover(position) {
    if (!this.block || samePlace(position, this.hovered)) return;
    this.hovered = position;
    this.#show();
  }

  pin(position, delay = 0) {
    if (!this.block) return;
    this.pinned = centreOf(position, this.block);
    this.hovered = null;
    this.#show();
    this.#tell(delay);
  }

  step(rows, columns) {
    if (!this.block) return;
    const from = this.hovered ?? tokenAt(this.pinned, this.block);
    this.pin(clampToken({ row: from.row + rows, column: from.column + columns }, this.block), REPORT_MS);
  }

  select(place) {
    if (place === this.place || !this.#blocks[place] || !this.#available(place)) return;
    this.place = place;
    this.#tell(0);
    this.#loadBlock();
  }

  #selectInStage(stage, number) {
    this.select(this.#blocks.findIndex((each) => each.stage === stage && each.block === number));
  }

  #read(position) {
    if (this.block) readView(this.view, position, this.block);
  }

  #settingChanged(name) {
    this.#applyLook();
    if (["opacity", "boundaries", "outlines"].includes(name) || !this.block) return;
    this.#describe();
    this.#show();
    if (name === "head") this.#tell(REPORT_MS);
  }

  #tell(delay) {
    this.sequence += 1;
    clearTimeout(this.reportDue);
    if (delay) this.reportDue = setTimeout(() => this.#send(), delay);
    else this.#send();
  }

  #send() {
    const { stage, block } = this.#blocks[this.place];
    const head = this.settings.head === MEAN ? null : this.settings.head;
    this.report({ stage, block, ...this.#pinnedToken(), head, sequence: this.sequence });
  }
}
