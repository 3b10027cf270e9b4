// Tells Python of choices, at once or when they rest.

export class Reporter {
  constructor(send) {
    this.send = send;
    this.due = 0;
  }

  tell(delay) {
    clearTimeout(this.due);
    if (delay) this.due = setTimeout(this.send, delay);
    else this.send();
  }

  stop() {
    clearTimeout(this.due);
  }
}
