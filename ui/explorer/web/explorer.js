// Wires the explorer together: when to load, to compute and to paint, and what Python hears of a choice.

import { blockLine, spokenAnchor } from "./captions.js";
import { Choice } from "./choice.js";
import { element, setText } from "./dom.js";
import { makeFilmstrip, markFrame, markPlaying, paintFilmstrip } from "./filmstrip.js";
import { centreOf, clampToken, sameToken, tokenAt } from "./geometry.js";
import { arrange } from "./layout.js";
import { listenToKeys, listenToPanel, listenToPicture } from "./input.js";
import { describeAnchor, describeView, paintView, readView } from "./painting.js";
import { Player } from "./player.js";
import { APPEARANCE, settings } from "./settings.js";
import { moveMark } from "./stage.js";
import { keptPayload, onPayload } from "./store.js";
import { enableRange, makeToolbar, offerHeads } from "./toolbar.js";
import { fitView, makeView } from "./view.js";

const REPORT_MS = 350; // keys and heads are reported when they rest

export class Explorer {
  // report(state) hears what was chosen; with onlyStored, blocks that are not in the store cannot be chosen.
  constructor(host, { report, onlyStored = false }) {
    this.report = report;
    this.onlyStored = onlyStored;
    this.hovered = null; // a token of the block that is shown
    this.shown = null; // the block that is shown, which is not the chosen one while that loads
    this.scene = this.choice = this.view = this.strip = this.toolbar = this.control = null;
    this.stripDue = this.reportDue = 0;
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
    });
    this.endListening = onPayload(() => this.control && this.#refresh());
    this.arrange = () => this.shown && arrange(this.view.body, this.view.picture, this.#maps());
    this.resized = new ResizeObserver(this.arrange);
    this.resized.observe(host);
    window.addEventListener("resize", this.arrange);
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
    this.resized.disconnect();
    window.removeEventListener("resize", this.arrange);
    clearTimeout(this.reportDue);
    cancelAnimationFrame(this.stripDue);
    if (this.view) URL.revokeObjectURL(this.view.source);
  }

  // --- what there is to show ----------------------------------------------------------------------------------

  #refresh() {
    const scene = keptPayload(this.control.scene);
    if (!scene) return setText(this.status, "Loading the explorer …");
    if (scene !== this.scene) this.#build(scene);
    if (this.news && this.choice.adopt(this.control)) this.#adoptLook(this.control.look);
    this.news = false;
    return this.#loadBlock();
  }

  #adoptLook(look) {
    if (!look) return; // a page of its own has none
    Object.assign(settings, look);
    this.toolbar.show(settings);
    this.#applyAppearance();
  }

  #build(scene) {
    if (this.view) URL.revokeObjectURL(this.view.source);
    this.scene = scene;
    this.choice = new Choice(scene.header.blocks);
    this.shown = this.hovered = null;
    this.view = makeView(scene);
    this.toolbar = makeToolbar(settings, {
      changed: (name) => this.#settingChanged(name),
      chooseHead: (head) => this.#chooseHead(head),
    });
    this.strip = makeFilmstrip(scene, this.view.table, {
      choose: (index) => this.select(index),
      play: () => this.player.toggle(),
      available: (index) => this.#available(index),
    });
    const { body, numbers } = this.view;
    this.content.replaceChildren(this.toolbar.root, this.strip.root, body, this.status, numbers);
    this.#listen();
    this.#applyAppearance();
  }

  #listen() {
    const pin = (token) => this.pin(token);
    const step = (rows, columns) => this.step(rows, columns);
    listenToPicture(this.view.picker.stage, { hover: (token) => this.hover(token), pin, step });
    for (const { stage } of this.view.panels) listenToPanel(stage, { read: (token) => this.#read(token), pin });
  }

  #loadBlock() {
    const { block, index } = this.choice;
    markFrame(this.strip, index);
    const ready = keptPayload(block.name);
    this.view.body.setAttribute("aria-busy", String(!ready));
    if (!ready) return setText(this.status, `Loading ${block.captions.title} …`);
    setText(this.status, blockLine(ready));
    if (ready !== this.shown) {
      if (this.hovered) this.hovered = tokenAt(centreOf(this.hovered, this.shown), ready);
      this.shown = ready;
      fitView(this.view, ready);
    }
    this.arrange();
    offerHeads(this.toolbar, ready, this.choice.headOf(ready));
    return this.#showAll();
  }

  #maps() {
    return this.view.panels.filter((panel) => !panel.root.hidden).length;
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

  // Paints after a change of block or settings, which notes and ranges tell of.
  #showAll() {
    describeView(this.view, this.shown, { head: this.choice.headOf(this.shown), incoming: settings.incoming });
    enableRange(this.toolbar, settings.scale === "linear" || settings.scale === "log");
    this.#show();
    readView(this.view, null, this.shown);
  }

  #show() {
    const pinned = this.choice.pinned(this.shown);
    const anchor = this.hovered ?? pinned;
    const head = this.choice.headOf(this.shown);
    const summaries = paintView(this.view, this.shown, { anchor, head, incoming: settings.incoming, settings });
    describeAnchor(this.view, this.shown, anchor, !this.hovered);
    moveMark(this.view.picker.stage, "pin", this.hovered ? pinned : null);
    if (!this.hovered) {
      const { kind, spokenTitle } = this.view.panels[0];
      setText(this.spoken, spokenAnchor(anchor, spokenTitle, summaries[kind]));
    }
    if (!this.stripDue) this.stripDue = requestAnimationFrame(() => this.#showStrip());
  }

  #showStrip() {
    this.stripDue = 0;
    const point = this.hovered ? centreOf(this.hovered, this.shown) : this.choice.pin;
    paintFilmstrip(this.strip, point, settings.incoming, settings.scale);
  }

  #applyAppearance() {
    const { body } = this.view;
    body.style.setProperty("--heat", settings.opacity);
    body.classList.toggle("bare-picture", !settings.boundaries);
    body.classList.toggle("bare-maps", !settings.outlines);
  }

  // --- what a person does -------------------------------------------------------------------------------------

  hover(token) {
    if (!this.shown || sameToken(token, this.hovered)) return;
    this.hovered = token;
    this.#show();
  }

  pin(token, delay = 0) {
    if (!this.shown) return;
    this.choice.pinToken(token, this.shown);
    this.hovered = null;
    this.#show();
    this.#tell(delay);
  }

  step(rows, columns) {
    if (!this.shown) return;
    const from = this.hovered ?? this.choice.pinned(this.shown);
    this.pin(clampToken({ row: from.row + rows, column: from.column + columns }, this.shown), REPORT_MS);
  }

  select(index) {
    if (index === this.choice.index || !this.choice.blocks[index] || !this.#available(index)) return;
    this.choice.chooseBlock(index);
    this.#tell(0);
    this.#loadBlock();
  }

  #selectBlock(stage, block) {
    this.select(this.choice.find(stage, block));
  }

  #chooseHead(head) {
    this.choice.chooseHead(head);
    if (this.shown) this.#showAll();
    this.#tell(REPORT_MS);
  }

  #read(token) {
    if (this.shown) readView(this.view, token, this.shown);
  }

  #settingChanged(name) {
    if (APPEARANCE.includes(name)) this.#applyAppearance();
    else if (this.shown) this.#showAll();
    this.choice.count();
    this.#tell(REPORT_MS);
  }

  #tell(delay) {
    clearTimeout(this.reportDue);
    if (delay) this.reportDue = setTimeout(() => this.#send(), delay);
    else this.#send();
  }

  #send() {
    this.report({ ...this.choice.report(), look: { ...settings } });
  }
}
