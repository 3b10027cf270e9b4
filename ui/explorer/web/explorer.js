// Wires the explorer together: when to load and to paint, and what Python hears of a choice.

import { blockLine } from "./captions.js";
import { Choice } from "./choice.js";
import { element, setText } from "./dom.js";
import { makeFilmstrip, markFrame, markPlaying } from "./filmstrip.js";
import { clampToken } from "./geometry.js";
import { arrange, onResize } from "./layout.js";
import { listenToKeys, listenToView } from "./input.js";
import { Loupe } from "./loupe.js";
import { Painter } from "./painter.js";
import { readView } from "./painting.js";
import { Player } from "./player.js";
import { grown, kindAfter, spanned } from "./region.js";
import { Reporter } from "./reporter.js";
import { APPEARANCE, settings } from "./settings.js";
import { keptPayload, onPayload } from "./store.js";
import { enableRange, makePinButtons, makeToolbar, offerHeads } from "./toolbar.js";
import { dressView, fitView, makeView, showRegionKind } from "./view.js";

const REPORT_MS = 350; // keys and heads are reported when they rest

export class Explorer {
  // report(state) hears what was chosen, keep() that it is to be kept, if it can be; with onlyStored, blocks that are not in the store cannot be chosen.
  constructor(host, { report, keep = null, onlyStored = false }) {
    this.onlyStored = onlyStored;
    const state = () => ({ ...this.choice.report(), look: { ...settings }, part: this.loupe.part });
    this.reporter = new Reporter(() => report(state()), keep);
    this.shown = null; // the block that is shown, which is not the chosen one while that loads
    this.scene = this.choice = this.view = this.loupe = this.strip = this.toolbar = this.painter = this.control = null;
    this.status = element("p", { class: "status", role: "status" });
    this.content = element("div", { class: "content" }, this.status);
    this.spoken = element("p", { class: "spoken", "aria-live": "polite" });
    host.append(this.content, this.spoken);
    this.player = this.#makePlayer();
    listenToKeys(host, {
      blockOfStage: (number) => this.choice && this.#selectBlock(this.choice.block.stage, number),
      stage: (number) => this.choice && this.#selectBlock(number, 0),
      walk: (by) => this.choice && this.select(this.choice.index + by),
      play: () => this.strip && this.player.toggle(),
      region: (by) => this.shown && this.#chooseRegion(kindAfter(this.choice.region, by)),
      resize: (rows, columns) => this.shown && this.#resize(rows, columns),
      zoom: (how) => this.shown && this.loupe[how](),
    });
    this.endListening = onPayload(() => this.control && this.#refresh());
    this.arrange = () => this.shown && arrange(this.view);
    this.endArranging = onResize(host, this.arrange);
  }

  // Takes what Python wants shown.
  update(control) {
    this.control = control;
    this.news = true;
    this.#refresh();
  }

  destroy() {
    this.endListening();
    this.player.stop();
    this.endArranging();
    this.reporter.stop();
    this.painter?.stop();
    if (this.view) URL.revokeObjectURL(this.view.source);
  }

  // --- what there is to show ----------------------------------------------------------------------------------

  #refresh() {
    const scene = keptPayload(this.control.scene);
    if (!scene) return setText(this.status, "Loading the explorer …");
    if (scene !== this.scene) this.#build(scene);
    if (this.news && this.choice.adopt(this.control)) this.#adopt(this.control);
    this.news = false;
    return this.#loadBlock();
  }

  #adopt({ look, part }) {
    Object.assign(settings, look);
    this.loupe.adopt(part);
    this.toolbar.show(settings);
    dressView(this.view, settings);
  }

  #build(scene) {
    this.painter?.stop();
    if (this.view) URL.revokeObjectURL(this.view.source);
    this.scene = scene;
    this.choice = new Choice(scene.header.blocks);
    this.shown = null;
    this.view = makeView(scene, (kind) => this.#chooseRegion(kind));
    const middle = () => this.painter.middle();
    this.loupe = new Loupe(this.view.body, { anchor: middle, changed: () => this.#changed() });
    this.toolbar = makeToolbar(settings, {
      changed: (name) => this.#settingChanged(name),
      chooseHead: (head) => this.#chooseHead(head),
    });
    this.strip = makeFilmstrip(scene, this.view.table, {
      beside: [this.loupe.bar.root, ...makePinButtons(this.reporter)],
      choose: (index) => this.select(index),
      play: () => this.player.toggle(),
      available: (index) => this.#available(index),
    });
    const { view, strip, choice, spoken } = this;
    this.painter = new Painter({ view, strip, choice, spoken, segmentsOf: (block) => this.#segments(block) });
    const { body, numbers } = view;
    this.content.replaceChildren(this.toolbar.root, this.strip.root, body, this.status, numbers);
    this.content.classList.add("unready"); // nothing shows until it has its place
    this.#listen();
    dressView(this.view, settings);
  }

  #listen() {
    listenToView(this.view, this.loupe, {
      hover: (token) => this.shown && this.painter.hover(token),
      read: (token) => this.shown && readView(this.view, token, this.shown),
      pin: (token) => this.pin(token),
      step: (rows, columns) => this.step(rows, columns),
      draws: () => this.choice.region.kind === "rectangle",
      span: (one, other, isDone) => this.span(one, other, isDone),
    });
  }

  #loadBlock() {
    const { block, index } = this.choice;
    markFrame(this.strip, index);
    const ready = keptPayload(block.name);
    const missing = ready ? this.#missingSegments(ready) : block.captions.title;
    this.view.body.setAttribute("aria-busy", String(Boolean(missing)));
    if (missing) return setText(this.status, `Loading ${missing} …`);
    setText(this.status, blockLine(ready));
    if (ready !== this.shown) {
      this.painter.open(ready);
      this.shown = ready;
      fitView(this.view, ready);
    }
    this.arrange();
    offerHeads(this.toolbar, ready, this.choice.headOf(ready));
    this.content.classList.remove("unready");
    return this.#showAll();
  }

  #segments({ height, width }) {
    return keptPayload(this.scene.header.segments)?.arrays[`${height}x${width}`];
  }

  #missingSegments(block) {
    return this.choice.region.kind === "segment" && !this.#segments(block) ? "the segments" : null;
  }

  #available(index) {
    return !this.onlyStored || Boolean(keptPayload(this.scene.header.blocks[index].name));
  }

  #nextIndex(from) {
    for (let index = from + 1; index < this.choice.blocks.length; index++) if (this.#available(index)) return index;
    return null;
  }

  #makePlayer() {
    return new Player({
      next: () => this.#nextIndex(this.choice.index),
      first: () => this.#nextIndex(-1),
      busy: () => this.view.body.getAttribute("aria-busy") === "true",
      go: (index) => this.select(index),
      changed: (playing) => markPlaying(this.strip, playing),
    });
  }

  // --- painting -----------------------------------------------------------------------------------------------

  #showAll() {
    enableRange(this.toolbar, settings.scale === "linear" || settings.scale === "log");
    showRegionKind(this.view, this.choice.region.kind);
    this.painter.showAll();
  }

  // --- what a person does -------------------------------------------------------------------------------------

  pin(token, delay = 0) {
    if (!this.shown) return;
    this.choice.pinToken(token, this.shown);
    this.painter.hovered = null;
    this.painter.show();
    this.reporter.tell(delay);
  }

  // Draws a rectangle, and pins it when it is done.
  span(one, other, isDone) {
    if (!this.shown) return;
    const rectangle = { kind: "rectangle", ...spanned(one, other, this.shown) };
    if (!isDone) return this.painter.draw(rectangle);
    const { token, ...region } = rectangle;
    this.choice.chooseRegion(region);
    this.painter.drawn = null;
    this.pin(token);
    return this.#showAll();
  }

  #chooseRegion(kind) {
    this.choice.chooseRegion({ kind });
    this.#loadBlock();
    this.reporter.tell(0);
  }

  #resize(rows, columns) {
    if (this.choice.region.kind !== "rectangle") return;
    this.choice.chooseRegion(grown(this.choice.region, rows, columns, this.shown));
    this.painter.show();
    this.reporter.tell(REPORT_MS);
  }

  step(rows, columns) {
    if (!this.shown) return;
    const from = this.painter.hovered ?? this.choice.pinned(this.shown);
    const token = clampToken({ row: from.row + rows, column: from.column + columns }, this.shown);
    this.loupe.reveal(token, this.shown);
    this.pin(token, REPORT_MS);
  }

  select(index) {
    if (index === this.choice.index || !this.choice.blocks[index] || !this.#available(index)) return;
    this.choice.chooseBlock(index);
    this.reporter.tell(0);
    this.#loadBlock();
  }

  #selectBlock(stage, block) {
    this.select(this.choice.find(stage, block));
  }

  #chooseHead(head) {
    this.choice.chooseHead(head);
    if (this.shown) this.#showAll();
    this.reporter.tell(REPORT_MS);
  }

  #settingChanged(name) {
    if (APPEARANCE.includes(name)) dressView(this.view, settings);
    else if (this.shown) this.#showAll();
    this.#changed();
  }

  #changed() {
    this.choice.count();
    this.reporter.tell(REPORT_MS);
  }
}
