import type { FileCells } from './memory-file.js';

/**
 * Two numbers in memory that a worker and its parent share, and that outlive the worker. Calls are numbered
 * in the order in which they were handed over (`seq`), from 1, modulo 2^32, and compared as in RFC 1982.
 *
 * - `started`, written by the worker: the number of the last call that it began.
 * - `limit`, written by the parent: the last one that it may begin; 0: no limit.
 *
 * The worker writes `started`, then reads `limit`, and steps back if it has gone beyond; the parent writes `limit`,
 * then reads `started`. So what lies beyond both never began and never will; where the worker has a lease (see LimitLease), as soon as
 * that is over.
 */
export interface Marks {
  setStarted(seq: number): void;
  getStarted(): number;
  setLimit(seq: number): void;
  getLimit(): number;
}

/** No call has it: as a limit it means that there is none. */
export const NO_SEQ = 0;

/** Modulo 2^32. */
export function nextSeq(seq: number): number {
  return (seq + 1) | 0 || 1;
}

/** Whether a sequence number comes after another one. */
export function isBeyond(seq: number, other: number): boolean {
  return ((seq - other) | 0) > 0;
}

/** The one of two sequence numbers that comes after the other. */
export function later(one: number, other: number): number {
  return isBeyond(one, other) ? one : other;
}

/**
 * Whether a message may say that the call begins, instead of the mark: not always, so that what the mark says never
 * lags behind so far that it would seem to come after it.
 */
export function mayBeSaid(seq: number): boolean {
  return (seq & 0xffff) !== 0;
}

const STARTED = 0;
const LIMIT = 1;

/** Marks for threads. */
export class MemoryMarks implements Marks {
  readonly #cells: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.#cells = new Int32Array(buffer);
  }

  setStarted(seq: number): void {
    Atomics.store(this.#cells, STARTED, seq);
  }

  getStarted(): number {
    return Atomics.load(this.#cells, STARTED);
  }

  setLimit(seq: number): void {
    Atomics.store(this.#cells, LIMIT, seq);
  }

  getLimit(): number {
    return Atomics.load(this.#cells, LIMIT);
  }
}

/** Marks for processes: at the front of the worker's memory file. */
export class FileMarks implements Marks {
  constructor(readonly cells: FileCells) {}

  setStarted(seq: number): void {
    this.cells.set(STARTED, seq);
  }

  getStarted(): number {
    return this.cells.get(STARTED);
  }

  setLimit(seq: number): void {
    this.cells.set(LIMIT, seq);
  }

  getLimit(): number {
    return this.cells.get(LIMIT);
  }
}
