import type { CallOptions } from './call-options.interface.js';
import type { PoolKind } from './pool-options.interface.js';

/**
 * A named pool, as asyncio's executors are: `run` is `loop.run_in_executor(pool, fn, *args)`.
 * @publicApi
 */
export interface Executor {
  readonly name: string;
  readonly kind: PoolKind;

  /**
   * Runs an exported function in a worker and resolves to what it returns. The arguments are serialised
   * before `run` returns: later changes to them are not seen.
   *
   * Rejects with what the function threw, with the reason of an aborted signal, or with an
   * `ExecutorError`: QueueFull, Timeout, WorkerLost, Closed, Serialization, Boot, Reference. Never throws.
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>>;

  /**
   * The same pool with other per-call options. Wrong options throw `ExecutorOptionsError`.
   */
  with(options: CallOptions): Executor;

  /** Counts and times of this pool since it was made. */
  stats(): ExecutorStats;
}

/**
 * @publicApi
 */
export interface ExecutorStats {
  /** Workers that are booted and take calls. */
  readonly workers: number;
  /** Accepted calls that have not started. */
  readonly queued: number;
  /** Calls that are in a worker. */
  readonly running: number;
  /** Calls that resolved. */
  readonly completed: number;
  /** Calls that rejected after they were accepted: what the method threw, timeouts, aborts, bad results. */
  readonly failed: number;
  /** Calls that were not accepted: full, closed, bad arguments, aborted before. */
  readonly rejected: number;
  /** Calls whose worker was lost with no retry left. */
  readonly lost: number;
  /** From acceptance to start, in ms. */
  readonly waitTime: Percentiles;
  /** From start to settlement, in ms. */
  readonly runTime: Percentiles;
}

/**
 * @publicApi
 */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}
