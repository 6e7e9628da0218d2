import { fileURLToPath } from 'node:url';
import { FixedQueue, Piscina } from 'piscina';
import type { Contender, Setup, TaskName } from './contender.js';

const FILENAME = fileURLToPath(new URL('./piscina.worker.js', import.meta.url));

/** Piscina with its defaults, or tuned as its README says for many calls at once. */
export class PiscinaContender implements Contender {
  readonly #perWorker: number | undefined;
  #pool: Piscina | undefined;

  constructor(perWorker?: number) {
    this.#perWorker = perWorker;
  }

  async start({ workers }: Setup): Promise<void> {
    const tuned = this.#perWorker && {
      concurrentTasksPerWorker: this.#perWorker,
      taskQueue: new FixedQueue(),
    };
    this.#pool = new Piscina({ filename: FILENAME, minThreads: workers, maxThreads: workers, ...tuned });
  }

  call(task: TaskName, argument: unknown): Promise<unknown> {
    if (!this.#pool) throw new Error('not started');
    if (task !== 'move') return this.#pool.run(argument, { name: task });
    const transferList = [(argument as Uint8Array).buffer as ArrayBuffer];
    return this.#pool.run(argument, { name: task, transferList });
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}
