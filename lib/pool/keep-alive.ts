import { clearTimeout, setTimeout } from '../node-timers.js';

/** Longer than any application waits for the next call, in ms: setTimeout's limit. */
const FOREVER = 2 ** 31 - 1;

/**
 * Keeps the event loop alive while something is held. Workers and their channels never do that
 * themselves, so that an idle pool lets its application end.
 */
export class KeepAlive {
  #held = 0;
  #timer: NodeJS.Timeout | undefined;

  hold(): void {
    if (this.#held++ > 0) return;
    // Kept when released: making a timer for every lone call would cost more than the call.
    this.#timer ??= setTimeout(() => {}, FOREVER);
    this.#timer.ref();
  }

  release(): void {
    if (--this.#held === 0) this.#timer?.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
