// Walks through the blocks in order of depth, at a pace that the eye can follow.

const PLAY_MS = 1200;

export class Player {
  // next(), first(): the index to go to, or null; busy(): the last block still loads; go(index); changed(playing)
  constructor(actions) {
    this.actions = actions;
    this.timer = 0;
  }

  toggle() {
    if (this.timer) return this.stop();
    if (this.actions.next() === null) this.actions.go(this.actions.first());
    this.timer = setInterval(() => this.#advance(), PLAY_MS);
    return this.actions.changed(true);
  }

  stop() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = 0;
    this.actions.changed(false);
  }

  #advance() {
    if (this.actions.busy()) return;
    const next = this.actions.next();
    if (next === null) this.stop();
    else this.actions.go(next);
  }
}
