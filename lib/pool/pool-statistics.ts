import type { Percentiles } from '../interfaces/executor.interface.js';
import { TimeHistogram } from './time-histogram.js';

/** What a pool counts. */
export class PoolStatistics {
  completed = 0;
  failed = 0;
  rejected = 0;
  lost = 0;
  readonly #wait = new TimeHistogram();
  readonly #run = new TimeHistogram();

  waited(ms: number): void {
    this.#wait.note(ms);
  }

  ran(ms: number): void {
    this.#run.note(ms);
  }

  get waitTime(): Percentiles {
    return this.#wait.percentiles;
  }

  get runTime(): Percentiles {
    return this.#run.percentiles;
  }
}
