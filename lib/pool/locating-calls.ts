import { performance } from 'node:perf_hooks';
import { setTimeout } from '../node-timers.js';
import type { Call } from './call.js';

/**
 * How long a call may hold up those that were made after it while its target is being located, in ms: that most often takes a few. A
 * file that is imported for it could take for ever.
 */
const HOLD = 100;

/** Calls whose target is still being located, in the order in which they were made. */
export class LocatingCalls {
  readonly #calls = new Set<Call>();
  readonly #onFree: () => void;
  #last: Call | undefined;
  #isTimed = false;

  /** @param onFree called when calls are no longer held up, though nothing was located */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  get size(): number {
    return this.#calls.size;
  }

  [Symbol.iterator](): Iterator<Call> {
    return this.#calls.values();
  }

  add(call: Call): void {
    this.#calls.add(call);
    this.#last = call;
  }

  delete(call: Call): void {
    this.#calls.delete(call);
  }

  /** Whether a call has to wait for one that was made before it and is as urgent. */
  holdUp(call: Call): boolean {
    if (this.#calls.size === 0 || !this.#last) return false;
    const longAgo = performance.now() - HOLD;
    if (this.#last.acceptedAt <= longAgo) return false;
    for (const earlier of this.#calls) {
      if (earlier.acceptedAt <= longAgo || earlier.terms.priority < call.terms.priority) continue;
      if (earlier.id >= call.id) return false;
      this.#freeIn(earlier.acceptedAt - longAgo + 1);
      return true;
    }
    return false;
  }

  #freeIn(ms: number): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#onFree();
    }, ms).unref();
  }
}
