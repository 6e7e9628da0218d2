import type { CallTarget } from '../hosts/worker-host.interface.js';
import { clock, queueMicrotask, setTimeout } from '../node-timers.js';
import type { Call } from './call.js';

/**
 * How long the calls of a target may hold up those that were made after them, in ms, from when it is first looked for: most often it is
 * found in a few. A file that is imported for it could take for ever.
 */
const HOLD = 100;

/** Calls whose target is still being located. */
export class LocatingCalls {
  /** The calls of each target, in the order in which they were made. */
  readonly #waiting = new Map<CallTarget, Set<Call>>();
  /** When a target was looked for first; also of those of which no call waits, as what is not found is looked for again. */
  readonly #since = new WeakMap<CallTarget, number>();
  readonly #onFree: () => void;
  #size = 0;
  /** Somebody was told to wait. */
  #isHolding = false;
  /** When it is looked next whether somebody need not wait any more. */
  #looksAt = Infinity;

  /** @param onFree called when calls are no longer held up, though nothing was located */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): Iterator<Call> {
    for (const calls of this.#waiting.values()) yield* calls;
  }

  add(call: Call): void {
    const { target } = call;
    if (!this.#since.has(target)) this.#since.set(target, clock.now());
    let calls = this.#waiting.get(target);
    if (!calls) this.#waiting.set(target, (calls = new Set()));
    calls.add(call);
    this.#size++;
  }

  delete(call: Call): void {
    const calls = this.#waiting.get(call.target);
    if (!calls?.delete(call)) return;
    this.#size--;
    if (calls.size === 0) this.#waiting.delete(call.target);
    if (!this.#isHolding) return;
    this.#isHolding = false;
    queueMicrotask(this.#onFree);
  }

  /** Whether a call has to wait for one that was made before it and is as urgent: for half of its `queueTimeout` at the most. */
  holdUp(call: Call): boolean {
    if (this.#size === 0) return false;
    const { priority, queueTimeout } = call.terms;
    const now = clock.now();
    const patience = queueTimeout === 0 ? Infinity : call.acceptedAt + queueTimeout / 2 - now;
    if (patience <= 0) return false;
    for (const [target, calls] of this.#waiting) {
      const left = (this.#since.get(target) as number) + HOLD - now;
      if (left <= 0) continue;
      for (const earlier of calls) {
        if (earlier.id >= call.id) break;
        if (earlier.terms.priority < priority) continue;
        this.#isHolding = true;
        this.#freeAt(now + Math.min(left, patience));
        return true;
      }
    }
    return false;
  }

  #freeAt(due: number): void {
    if (this.#looksAt <= due) return;
    this.#looksAt = due;
    const free = () => {
      if (this.#looksAt === due) this.#looksAt = Infinity;
      this.#isHolding = false;
      this.#onFree();
    };
    // Node leaves out fractions, and may be early by a millisecond.
    setTimeout(free, Math.ceil(due - clock.now()) + 1).unref();
  }
}
