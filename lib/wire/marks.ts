import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

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
  close(): void;
}

/** Whether a turn comes after another one. */
export function isBeyond(turn: number, other: number): boolean {
  return ((turn - other) | 0) > 0;
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

  close(): void {}
}

/** Marks for processes: bytes of a file in memory, without a name, that parent and child hold open. */
export class FileMarks implements Marks {
  readonly #cell = new Int32Array(1);

  constructor(readonly fd: number) {}

  /** @returns `undefined` where there is no file system in memory */
  static create(): FileMarks | undefined {
    if (process.platform !== 'linux') return undefined;
    let directory: string | undefined;
    try {
      directory = mkdtempSync('/dev/shm/nestjs-executor-');
      const marks = new FileMarks(openSync(join(directory, 'marks'), 'w+', 0o600));
      marks.setStarted(0);
      marks.setLimit(0);
      return marks;
    } catch {
      return undefined;
    } finally {
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    }
  }

  setStarted(turn: number): void {
    this.#write(STARTED, turn);
  }

  getStarted(): number {
    return this.#read(STARTED);
  }

  setLimit(turn: number): void {
    this.#write(LIMIT, turn);
  }

  getLimit(): number {
    return this.#read(LIMIT);
  }

  close(): void {
    closeSync(this.fd);
  }

  #write(index: number, turn: number): void {
    this.#cell[0] = turn;
    writeSync(this.fd, this.#cell, 0, 4, 4 * index);
  }

  #read(index: number): number {
    readSync(this.fd, this.#cell, 0, 4, 4 * index);
    return this.#cell[0] as number;
  }
}
