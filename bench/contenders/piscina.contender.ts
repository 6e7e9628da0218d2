import { fileURLToPath } from 'node:url';
import { FixedQueue, Piscina } from 'piscina';
import { loadNest } from './load-nest.js';
import type { Contender, Setup, TaskName } from './contender.js';

const FILENAME = fileURLToPath(new URL('./piscina.worker.js', import.meta.url));
const FILENAME_BESIDE_NEST = fileURLToPath(new URL('./piscina-beside-nest.worker.js', import.meta.url));

interface Tuning {
  readonly perWorker?: number;
  /** Loads Nest in parent and workers first. */
  readonly besideNest?: boolean;
}

/** Piscina with its defaults, or tuned as its README says for many calls at once. */
export class PiscinaContender implements Contender {
  readonly #tuning: Tuning;
  #pool: Piscina | undefined;

  constructor(tuning: Tuning = {}) {
    this.#tuning = tuning;
  }

  async start({ workers }: Setup): Promise<void> {
    const { perWorker, besideNest } = this.#tuning;
    if (besideNest) await loadNest();
    const tuned = perWorker && { concurrentTasksPerWorker: perWorker, taskQueue: new FixedQueue() };
    const filename = besideNest ? FILENAME_BESIDE_NEST : FILENAME;
    this.#pool = new Piscina({ filename, minThreads: workers, maxThreads: workers, ...tuned });
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
