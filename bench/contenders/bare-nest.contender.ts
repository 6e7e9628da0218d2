import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Contender, Kind, Setup, TaskName } from './contender.js';

const SCRIPT = fileURLToPath(new URL('./bare-nest.worker.js', import.meta.url));

/**
 * No pool: workers that import the Nest packages that ours import, and nothing else. It is what a start
 * with Nest in the worker can cost at the least.
 */
export class BareNestContender implements Contender {
  readonly #kind: Kind;
  #workers: (Worker | ChildProcess)[] = [];

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  async start({ workers }: Setup): Promise<void> {
    const make = () => (this.#kind === 'thread' ? new Worker(SCRIPT) : fork(SCRIPT));
    this.#workers = Array.from({ length: workers }, make);
    await Promise.all(this.#workers.map((worker) => once(worker, 'message')));
  }

  /** There is nothing to call: it had its imports when it said so. */
  call(_task: TaskName, argument: unknown): Promise<unknown> {
    return Promise.resolve(argument);
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        const ended = once(worker, 'exit');
        if (worker instanceof Worker) await worker.terminate();
        else worker.disconnect();
        await ended;
      }),
    );
  }
}
