import type { FileCells } from './memory-file.js';

/**
 * Two numbers in memory that a worker and its parent share, and that outlive the worker. Calls are numbered
 * by turns, in the order in which they were handed over, from 1, modulo 2^32.
 *
 * - `started`, written by the worker: the turn of the last call that it began.
 * - `limit`, written by the parent: the last turn that it may begin; 0: no limit.
 *
 * The worker writes `started`, then reads `limit`, and steps back if it has gone beyond; the parent writes `limit`,
 * then reads `started`. So what lies beyond both never began and never will.
 */
export interface Marks {
  setStarted(turn: number): void;
  getStarted(): number;
  setLimit(turn: number): void;
  getLimit(): number;
}

/** No call has it: as a limit it means that there is none. */
export const NO_TURN = 0;

/** Turns are counted modulo 2^32. */
export function nextTurn(turn: number): number {
  return (turn + 1) | 0 || 1;
}

/** Whether a turn comes after another one. */
export function isBeyond(turn: number, other: number): boolean {
  return ((turn - other) | 0) > 0;
}

/** The one of two turns that comes after the other. */
export function later(one: number, other: number): number {
  return isBeyond(one, other) ? one : other;
}

/**
 * Whether a message may say that the call begins, instead of the mark: not always, so that what the mark says never
 * lags behind so far that it would seem to come after it.
 */
export function mayBeSaid(turn: number): boolean {
  return (turn & 0xffff) !== 0;
}

const STARTED = 0;
const LIMIT = 1;

/** Marks for threads. */
export class MemoryMarks implements Marks {
  readonly #cells: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.#cells = new Int32Array(buffer);
  }

  setStarted(turn: number): void {
    Atomics.store(this.#cells, STARTED, turn);
  }

  getStarted(): number {
    return Atomics.load(this.#cells, STARTED);
  }

  setLimit(turn: number): void {
    Atomics.store(this.#cells, LIMIT, turn);
  }

  getLimit(): number {
    return Atomics.load(this.#cells, LIMIT);
  }
}

/** Marks for processes: at the front of the worker's memory file. */
export class FileMarks implements Marks {
  constructor(readonly cells: FileCells) {}

  setStarted(turn: number): void {
    this.cells.set(STARTED, turn);
  }

  getStarted(): number {
    return this.cells.get(STARTED);
  }

  setLimit(turn: number): void {
    this.cells.set(LIMIT, turn);
  }

  getLimit(): number {
    return this.cells.get(LIMIT);
  }
}
