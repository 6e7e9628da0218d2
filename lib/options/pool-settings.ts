import type { PoolOptions, PoolSizeRange, RecycleOptions } from '../interfaces/pool-options.interface.js';

/** A pool's options with every default filled in. Times in ms. */
export interface PoolSettings {
  readonly name: string;
  readonly kind: NonNullable<PoolOptions['kind']>;
  /** 0: none, as for `queueTimeout`. */
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly size: PoolSizeRange;
  readonly concurrency: number;
  /** Whether its workers may hold calls in advance: only where each runs one at a time. */
  readonly prefetches: boolean;
  readonly maxQueue: number;
  readonly idleTimeout: number;
  readonly bootTimeout: number;
  readonly shutdownTimeout: number;
  readonly retries: number;
  readonly recycle: RecycleOptions;
  readonly warmup: 'eager' | 'lazy';
  readonly context: PoolOptions['context'];
  readonly resourceLimits: PoolOptions['resourceLimits'];
  readonly env: PoolOptions['env'];
  readonly execArgv: PoolOptions['execArgv'];
}
