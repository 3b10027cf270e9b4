// Tells Python of choices, at once or when they rest, and that what is shown is to be kept.

export class Reporter {
  // keepLast(): keeps what was sent last; null if nothing can be kept.
  constructor(send, keepLast) {
    this.send = send;
    this.keepLast = keepLast;
    this.due = 0;
  }

  tell(delay) {
    clearTimeout(this.due);
    this.due = 0;
    if (delay) this.due = setTimeout(() => this.tell(0), delay);
    else this.send();
  }

  keep() {
    if (this.due) this.tell(0);
    this.keepLast();
  }

  stop() {
    clearTimeout(this.due);
  }
}
