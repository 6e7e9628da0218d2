import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How many calls a worker has begun, in memory that both sides share and that outlives the worker: after a
 * death it tells which of the calls handed over never began.
 */
export interface StartedMark {
  /** Worker: one more call begins. */
  advance(): void;
  /** Parent: calls begun so far, modulo 2^32. */
  read(): number;
  close(): void;
}

/** A mark for threads. */
export class MemoryMark implements StartedMark {
  readonly #cell: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.#cell = new Int32Array(buffer);
  }

  advance(): void {
    Atomics.add(this.#cell, 0, 1);
  }

  read(): number {
    return Atomics.load(this.#cell, 0) >>> 0;
  }

  close(): void {}
}

/** A mark for processes: four bytes of a file in memory, without a name, that parent and child hold open. */
export class FileMark implements StartedMark {
  readonly #cell = new Uint32Array(1);

  constructor(readonly fd: number) {}

  /** @returns `undefined` where there is no file system in memory */
  static create(): FileMark | undefined {
    if (process.platform !== 'linux') return undefined;
    let directory: string | undefined;
    try {
      directory = mkdtempSync('/dev/shm/nestjs-executor-');
      const mark = new FileMark(openSync(join(directory, 'mark'), 'w+', 0o600));
      writeSync(mark.fd, mark.#cell, 0, 4, 0);
      return mark;
    } catch {
      return undefined;
    } finally {
      if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    }
  }

  advance(): void {
    this.#cell[0] = (this.#cell[0] as number) + 1;
    writeSync(this.fd, this.#cell, 0, 4, 0);
  }

  read(): number {
    readSync(this.fd, this.#cell, 0, 4, 0);
    return this.#cell[0] as number;
  }

  close(): void {
    closeSync(this.fd);
  }
}
