import type { CallOptions } from './call-options.interface.js';
import type { PoolKind } from './pool-options.interface.js';

/**
 * A named pool, like asyncio's executors: `run` is `loop.run_in_executor(pool, fn, *args)`.
 * @publicApi
 */
export interface Executor {
  /** The pool's name. */
  readonly name: string;
  /** The kind of its workers. In a worker, injected pools are `inline`: they run functions directly. */
  readonly kind: PoolKind;

  /**
   * Runs an exported function in a worker and resolves to what it returns. The arguments are serialised
   * before `run` returns: later changes to them are not seen.
   *
   * Never throws. Rejects with what the function threw, with the reason of an aborted signal, or with an `ExecutorError`:
   * QueueFull, Timeout, WorkerLost, Closed, Serialization, Boot, Reference; Options for `retries` with moved buffers.
   */
  run<A extends unknown[], R>(fn: (this: void, ...args: A) => R, ...args: A): Promise<Awaited<R>>;

  /**
   * The same pool with other per-call options. Options of an earlier `with()` stay unless these set them.
   * @throws ExecutorOptionsError if an option is wrong
   */
  with(options: CallOptions): Executor;

  /** Counts and times of this pool since it was made. */
  stats(): ExecutorStats;
}

/**
 * What a pool does now, and has done since it was made.
 * @publicApi
 */
export interface ExecutorStats {
  /** Workers that are booted and take calls. */
  readonly workers: number;
  /** Accepted calls that have not started. */
  readonly queued: number;
  /** Calls that have started, and calls whose results are being read. Not calls that were given up and go on. */
  readonly running: number;
  /** Calls that resolved. */
  readonly completed: number;
  /**
   * Calls that rejected after they were accepted, except lost ones: what they ran threw, was not found or could not be sent; or
   * they timed out, were aborted, or were unfinished when the pool closed.
   */
  readonly failed: number;
  /** Calls that the pool did not accept: it was full or closed, or the call had bad arguments or was already aborted. */
  readonly rejected: number;
  /** Calls that rejected with `ExecutorWorkerLostError`. */
  readonly lost: number;
  /** From acceptance to start, in ms, of all calls that started and are settled; not of calls that were given up before. */
  readonly waitTime: Percentiles;
  /** From start to settlement, in ms, of all calls that started. */
  readonly runTime: Percentiles;
}

/**
 * In ms, since the pool was made; 0 before the first call.
 * @publicApi
 */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}
