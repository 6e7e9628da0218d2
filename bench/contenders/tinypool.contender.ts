import { Tinypool } from 'tinypool';
import type { Contender, Kind, Setup, TaskName } from './contender.js';

const FILENAME = new URL('./tinypool.worker.js', import.meta.url).href;

/** Tinypool on either runtime. */
export class TinypoolContender implements Contender {
  readonly #kind: Kind;
  readonly #perWorker: number | undefined;
  #pool: Tinypool | undefined;

  constructor(kind: Kind, perWorker?: number) {
    this.#kind = kind;
    this.#perWorker = perWorker;
  }

  async start({ workers, carries }: Setup): Promise<void> {
    this.#pool = new Tinypool({
      filename: FILENAME,
      runtime: this.#kind === 'thread' ? 'worker_threads' : 'child_process',
      minThreads: workers,
      maxThreads: workers,
      ...(this.#perWorker && { concurrentTasksPerWorker: this.#perWorker }),
      // Its default, JSON, is the faster one for small objects, and spells each byte of a Buffer out.
      ...(this.#kind === 'process' && carries === 'bytes' && { serialization: 'advanced' }),
    });
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
