import type { Percentiles } from '../interfaces/executor.interface.js';

/** Each power of two of microseconds is divided into so many buckets: a figure is off by 3 % at the most. */
const BUCKETS_PER_OCTAVE = 32;
const OCTAVES = 48;
const US_PER_MS = 1_000;

/**
 * Times, counted in buckets that grow with what they count, as HdrHistogram does (G. Tene,
 * http://hdrhistogram.org). Node's own takes as long to note a time as a tenth of a call.
 */
export class TimeHistogram {
  readonly #buckets = new Float64Array(OCTAVES * BUCKETS_PER_OCTAVE);
  #count = 0;

  note(ms: number): void {
    this.#count++;
    (this.#buckets[bucketOf(ms * US_PER_MS)] as number)++;
  }

  /** In ms; 0 where nothing was noted. */
  get percentiles(): Percentiles {
    return { p50: this.#at(0.5), p95: this.#at(0.95), p99: this.#at(0.99) };
  }

  #at(share: number): number {
    let left = Math.max(1, Math.ceil(this.#count * share));
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket] as number;
      if (left <= 0) return middleOf(bucket) / US_PER_MS;
    }
    return 0;
  }
}

function bucketOf(us: number): number {
  const bucket = Math.floor(Math.log2(Math.max(1, us)) * BUCKETS_PER_OCTAVE);
  return Math.min(bucket, OCTAVES * BUCKETS_PER_OCTAVE - 1);
}

function middleOf(bucket: number): number {
  return 2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE);
}
