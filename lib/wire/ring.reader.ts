import { performance } from 'node:perf_hooks';
import type { ResultRing, TakeResult } from './result.ring.js';

/** The most results that are taken out in a turn of the event loop, so that others get theirs. */
const TURN_LIMIT = 64;

/**
 * After a turn that took longer, in ms, all are taken out (see LateTimer): what came in while the event loop was blocked must
 * not be taken for late.
 */
const LONG_TURN = 10;

/** So many turns in a row without a result until the reader falls asleep: falling asleep costs more than a turn. */
const EMPTY_TURNS = 3;

/**
 * The parent's side of a ring: while it is awake, it looks once in each turn of the event loop. It is woken only
 * while more results are expected.
 */
export class RingReader {
  readonly #ring: ResultRing;
  readonly #take: TakeResult;
  #immediate: NodeJS.Immediate | undefined;
  #emptyTurns = 0;
  #isStopped = false;

  constructor(ring: ResultRing, take: TakeResult) {
    this.#ring = ring;
    this.#take = take;
  }

  wake(): void {
    this.#emptyTurns = 0;
    if (this.#immediate || this.#isStopped) return;
    this.#ring.isAwake = true;
    this.#look();
  }

  /** Takes out all that is there. */
  drain(): void {
    while (this.#ring.read(TURN_LIMIT, this.#take) > 0);
  }

  stop(): void {
    this.#isStopped = true;
    clearImmediate(this.#immediate);
  }

  #look(): void {
    const since = performance.now();
    this.#immediate = setImmediate(() => {
      const limit = performance.now() - since > LONG_TURN ? Infinity : TURN_LIMIT;
      const isEmpty = this.#ring.read(limit, this.#take) === 0;
      if (this.#isStopped) return;
      this.#emptyTurns = isEmpty ? this.#emptyTurns + 1 : 0;
      if (this.#emptyTurns >= EMPTY_TURNS && this.#fallAsleep()) return;
      this.#look();
    });
  }

  /** @returns whether it could: what was written before the writer saw it falls to the reader still */
  #fallAsleep(): boolean {
    this.#ring.isAwake = false;
    if (this.#ring.isEmpty) {
      this.#immediate = undefined;
      return true;
    }
    this.#ring.isAwake = true;
    return false;
  }
}
