import { setTimeout as sleep } from 'node:timers/promises';

/** Between two calls of the blocking method, in ms: without it the event loop would never be free inline. */
const PAUSE = 10;

/** Calls a method again and again, one call at a time. */
export class BusyLoop {
  readonly #running: Promise<void>;
  #isStopped = false;
  #calls = 0;

  constructor(method: () => Promise<unknown>) {
    this.#running = this.#run(method);
  }

  /** Resolves to how often the method ended, when the last call has. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#running;
    return this.#calls;
  }

  async #run(method: () => Promise<unknown>): Promise<void> {
    while (!this.#isStopped) {
      await sleep(PAUSE);
      await method();
      this.#calls++;
    }
  }
}
