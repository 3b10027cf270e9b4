// Work in slices that leave the page free for the pointer.

const SLICE_MS = 12;

export class Slices {
  constructor() {
    this.due = 0;
  }

  // Runs iterators to their ends, one after the other, and calls `done` after each; forgets what ran before.
  run(iterators, done) {
    this.stop();
    if (iterators.length) this.due = requestAnimationFrame(() => this.#advance(iterators, done));
  }

  stop() {
    cancelAnimationFrame(this.due);
  }

  #advance([first, ...others], done) {
    const until = performance.now() + SLICE_MS;
    let ended = false;
    while (!ended && performance.now() < until) ended = first.next().done;
    if (ended) done();
    const left = ended ? others : [first, ...others];
    if (left.length) this.due = requestAnimationFrame(() => this.#advance(left, done));
  }
}
