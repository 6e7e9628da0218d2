import type { Type } from '@nestjs/common';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * - `thread`: worker threads, on Piscina. Light; for blocking libraries. A native crash ends the application.
 * - `process`: child processes. Isolated and killable; for CPU-bound work.
 * - `inline`: no workers: calls run in the caller's event loop, with the same copying and the same errors. For tests. Nothing can end a
 *   method there: one that blocks longer than its `timeout` rejects when it returns.
 * @publicApi
 */
export type PoolKind = 'thread' | 'process' | 'inline';

/**
 * The least and the most workers of a pool: it grows under load and shrinks after `idleTimeout`.
 * @publicApi
 */
export interface PoolSizeRange {
  /** 0 or more. */
  readonly min: number;
  /** 1 or more, at least `min`. */
  readonly max: number;
}

/**
 * Options of a pool. Plain data except for `context`, so they can come from the environment.
 * @publicApi
 */
export interface PoolOptions {
  /** Default `thread`. */
  readonly kind?: PoolKind | undefined;
  /** Workers: 1 or more, or a range. Default `os.availableParallelism()`. */
  readonly size?: number | PoolSizeRange | undefined;
  /** Calls in flight per worker, 1 or more. Use more than 1 only for methods that await. Default 1. */
  readonly concurrency?: number | undefined;
  /** How many accepted calls may wait to start, 0 or more; further calls reject with ExecutorQueueFullError. Default 10,000. */
  readonly maxQueue?: number | undefined;
  /** How long an accepted call may wait for a worker, in ms, 1 to 2^31-1. Default: no limit. */
  readonly queueTimeout?: number | undefined;
  /** How long a method may run, in ms, counted from its start, 1 to 2^31-1. Default: no limit. */
  readonly timeout?: number | undefined;
  /** How long a worker above `size.min` stays without a call, in ms, 0 to 2^31-1. Default 60,000. */
  readonly idleTimeout?: number | undefined;
  /** When a worker is replaced by a fresh one. Calls do not notice. */
  readonly recycle?: RecycleOptions | undefined;
  /**
   * A Nest module that each worker imports, for what must be configured (`ConfigModule`, a database). `false`: workers boot no Nest
   * application, for a pool that only `run`s functions. They boot in about half the time and need less memory; no decorated method can
   * be routed there. Default: none; workers hold only the decorated classes and what these need.
   */
  readonly context?: Type<unknown> | false | undefined;
  /** `eager` boots `size` (`size.min`) workers at start-up; `lazy` at the first call. Default `eager`. */
  readonly warmup?: 'eager' | 'lazy' | undefined;
  /**
   * How long a worker may take to boot, in ms, 1 to 2^31-1. Also how long it may take later to load the file of what a call runs: after
   * that the call rejects with ExecutorReferenceError. A worker that gives no sign of life for this long after it should have taken a
   * call is replaced. Default 30,000.
   */
  readonly bootTimeout?: number | undefined;
  /**
   * How long closing waits for accepted calls, in ms, 0 to 2^31-1, from Nest's `beforeApplicationShutdown` on. Calls that are left
   * are given up. Each worker then has 5 s for its own shutdown hooks. Default 10,000.
   */
  readonly shutdownTimeout?: number | undefined;
  /**
   * V8's limits for one worker, in MB, as in `worker_threads`; for processes, the matching V8 flags. Each above 0, `stackSizeMb` 0.5 or more.
   */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Environment variables of the workers, in addition to the application's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Node's command-line options for the workers. Default: the application's own, without `--inspect` and the like. */
  readonly execArgv?: readonly string[] | undefined;
  /** How often a call whose worker was lost is run again, 0 or more. Default 0. */
  readonly retries?: number | undefined;
}

/**
 * When a worker is replaced by a fresh one. Default: never.
 * @publicApi
 */
export interface RecycleOptions {
  /** After this many calls, 1 or more. The worker goes on until its successor is ready. */
  readonly calls?: number | undefined;
  /** When the worker holds more than this many MB after a call (a process's resident set, a thread's heap and Buffers), above 0. */
  readonly memoryMb?: number | undefined;
}
