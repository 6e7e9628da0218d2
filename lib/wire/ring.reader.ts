import { performance } from 'node:perf_hooks';
import type { ResultRing, TakeResult } from './result.ring.js';
import { clearImmediate, setImmediate } from '../node-timers.js';

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
 * Looking in vain takes a quarter of the parent's time for a call of 0.1 ms. So each time that it woke up for nothing it ignores
 * twice as many messages before it wakes up again, up to so many; what they bring comes as a message too.
 */
const MOST_IGNORED = 31;

/**
 * The parent's side of a ring: while it is awake, it looks once in each turn of the event loop. It is woken only
 * while more results are expected.
 */
export class RingReader {
  readonly #ring: ResultRing;
  readonly #take: TakeResult;
  #immediate: NodeJS.Immediate | undefined;
  #emptyTurns = 0;
  #hasFound = false;
  /** How many messages it ignores between two wakings, and how many it still does. */
  #ignores = 0;
  #ignoresStill = 0;
  #isStopped = false;

  constructor(ring: ResultRing, take: TakeResult) {
    this.#ring = ring;
    this.#take = take;
  }

  /** A message came, and more results are expected. */
  wake(): void {
    this.#emptyTurns = 0;
    if (this.#immediate || this.#isStopped) return;
    if (this.#ignoresStill > 0) {
      this.#ignoresStill--;
      return;
    }
    this.#hasFound = false;
    this.#ring.isAwake = true;
    this.#look();
  }

  /** Takes out all that is there. */
  drain(): void {
    while (this.#ring.read(TURN_LIMIT, this.#take) > 0) this.#hasFound = true;
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
      this.#hasFound ||= !isEmpty;
      if (this.#emptyTurns >= EMPTY_TURNS && this.#fallAsleep()) return;
      this.#look();
    });
  }

  /** @returns whether it could: what was written before the writer saw it falls to the reader still */
  #fallAsleep(): boolean {
    this.#ring.isAwake = false;
    if (this.#ring.isEmpty) {
      this.#immediate = undefined;
      this.#ignores = this.#hasFound ? 0 : Math.min(this.#ignores * 2 + 1, MOST_IGNORED);
      this.#ignoresStill = this.#ignores;
      return true;
    }
    this.#ring.isAwake = true;
    return false;
  }
}
