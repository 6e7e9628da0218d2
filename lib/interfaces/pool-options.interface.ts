import type { Type } from '@nestjs/common';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * - `thread`: worker threads, on Piscina. Light; for blocking libraries. A native crash takes the application along.
 * - `process`: child processes. Isolated and killable; for CPU-bound work.
 * - `inline`: no worker at all: runs in the caller's event loop with the same copying and the same errors. For tests. Nothing can end a
 *   method there: one that blocks longer than its `timeout` rejects when it returns.
 * @publicApi
 */
export type PoolKind = 'thread' | 'process' | 'inline';

/**
 * Between how many workers a pool may vary: it grows under load, and shrinks after `idleTimeout`.
 * @publicApi
 */
export interface PoolSizeRange {
  /** 0 or more. */
  readonly min: number;
  /** 1 or more, at least `min`. */
  readonly max: number;
}

/**
 * Plain data, but for `context`, so that a pool can be described by an environment.
 * @publicApi
 */
export interface PoolOptions {
  /** Default `thread`. */
  readonly kind?: PoolKind | undefined;
  /** Workers: 1 or more, or a range. Default `os.availableParallelism()`. */
  readonly size?: number | PoolSizeRange | undefined;
  /** Calls in flight per worker, 1 or more; above 1 only for methods that await. Default 1. */
  readonly concurrency?: number | undefined;
  /** How many accepted calls may wait to start, 0 or more; further ones reject with ExecutorQueueFullError. Default 10,000. */
  readonly maxQueue?: number | undefined;
  /** How long an accepted call may wait for a worker, in ms, 1 or more. Default: for ever. */
  readonly queueTimeout?: number | undefined;
  /** How long a method may run, in ms, counted from its start, 1 or more. Default: for ever. */
  readonly timeout?: number | undefined;
  /** How long a worker above `size.min` stays without a call, in ms, 0 or more. Default 60,000. */
  readonly idleTimeout?: number | undefined;
  /** When a worker is replaced by a fresh one; no call notices. */
  readonly recycle?: RecycleOptions | undefined;
  /**
   * A Nest module that each worker imports: what must be configured (`ConfigModule`, a database). `false`: workers boot no Nest
   * application, for a pool that only `run`s functions; they boot in about half the time and need less memory, and no decorated method
   * can be routed there. Default: none, so that workers hold the decorated classes and what these need.
   */
  readonly context?: Type<unknown> | false | undefined;
  /** `eager` boots `size` (`size.min`) workers at start-up; `lazy` at the first call. Default `eager`. */
  readonly warmup?: 'eager' | 'lazy' | undefined;
  /**
   * How long a worker may take to boot, in ms, 1 or more; and later, to load the file of what a call runs: then the call rejects with
   * ExecutorReferenceError. A worker that gives no sign of life so long after it should have taken a call is replaced. Default 30,000.
   */
  readonly bootTimeout?: number | undefined;
  /**
   * How long closing waits for accepted calls, in ms, 0 or more, from Nest's `beforeApplicationShutdown` on. Those that are left
   * are given up; each worker then has 5 s for its own shutdown hooks. Default 10,000.
   */
  readonly shutdownTimeout?: number | undefined;
  /** V8's limits for one worker, in MB, as in `worker_threads`; on processes the matching V8 flags. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Environment variables of the workers, beside the application's own. */
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
  /** After so many calls, 1 or more. The worker goes on until its successor is ready. */
  readonly calls?: number | undefined;
  /** When the worker holds so many MB after a call (a process's resident set, a thread's heap and Buffers), above 0. */
  readonly memoryMb?: number | undefined;
}
