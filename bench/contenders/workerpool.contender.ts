import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import type { Contender, Kind, Setup, TaskName } from './contender.js';

const SCRIPT = fileURLToPath(new URL('./workerpool.worker.js', import.meta.url));

/** Workerpool with a dedicated worker script, on either type of worker. */
export class WorkerpoolContender implements Contender {
  readonly #kind: Kind;
  #pool: workerpool.Pool | undefined;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  async start({ workers, carries }: Setup): Promise<void> {
    this.#pool = workerpool.pool(SCRIPT, {
      workerType: this.#kind,
      minWorkers: workers,
      maxWorkers: workers,
      // JSON, the default, spells each byte of a Buffer out.
      ...(this.#kind === 'process' &&
        carries === 'bytes' && { forkOpts: { serialization: 'advanced' as const } }),
    });
  }

  call(task: TaskName, argument: unknown): PromiseLike<unknown> {
    if (!this.#pool) throw new Error('not started');
    const options = task === 'move' ? { transfer: [(argument as Uint8Array).buffer] } : {};
    return this.#pool.exec(task, [argument], options);
  }

  async close(): Promise<void> {
    await this.#pool?.terminate();
  }
}
