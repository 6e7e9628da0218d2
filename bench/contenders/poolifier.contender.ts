import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';
import type { Contender, Setup, TaskName } from './contender.js';

const SCRIPT = fileURLToPath(new URL('./poolifier.worker.js', import.meta.url));

/** Poolifier's FixedThreadPool with its defaults: calls go to the workers at once, without a queue. */
export class PoolifierContender implements Contender {
  #pool: FixedThreadPool<unknown, unknown> | undefined;
  #ended: Promise<void> | undefined;

  async start({ workers }: Setup): Promise<void> {
    let running = workers;
    const pool = await new Promise<FixedThreadPool<unknown, unknown>>((resolve) => {
      this.#ended = new Promise((onEnd) => {
        const made = new FixedThreadPool<unknown, unknown>(workers, SCRIPT, {
          exitHandler: () => {
            if (--running === 0) onEnd();
          },
        });
        if (made.info.ready) resolve(made);
        else made.emitter?.once('ready', () => resolve(made));
      });
    });
    this.#pool = pool;
  }

  call(task: TaskName, argument: unknown): Promise<unknown> {
    if (!this.#pool) throw new Error('not started');
    if (task === 'move') return Promise.reject(new Error('it has no way to move a result'));
    return this.#pool.execute(argument, task);
  }

  /** A worker may end before its `destroy()` begins to wait for that; then it waits for ever. */
  async close(): Promise<void> {
    await Promise.race([this.#pool?.destroy(), this.#ended]);
  }
}
