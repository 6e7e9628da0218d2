import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Percentiles } from '../interfaces/executor.interface.js';

/** Microseconds: two significant digits of a figure are enough to act on. */
const US_PER_MS = 1_000;

/** What a pool counts. Times are kept in microseconds. */
export class PoolStatistics {
  completed = 0;
  failed = 0;
  rejected = 0;
  lost = 0;
  readonly #wait = createHistogram({ figures: 2 });
  readonly #run = createHistogram({ figures: 2 });

  waited(ms: number): void {
    record(this.#wait, ms);
  }

  ran(ms: number): void {
    record(this.#run, ms);
  }

  get waitTime(): Percentiles {
    return percentiles(this.#wait);
  }

  get runTime(): Percentiles {
    return percentiles(this.#run);
  }
}

function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * US_PER_MS)));
}

function percentiles(histogram: RecordableHistogram): Percentiles {
  const at = (percentile: number) =>
    histogram.count === 0 ? 0 : histogram.percentile(percentile) / US_PER_MS;
  return { p50: at(50), p95: at(95), p99: at(99) };
}
