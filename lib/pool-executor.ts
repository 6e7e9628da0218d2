import { FunctionTarget } from './executor.targets.js';
import type { CallOptions } from './interfaces/call-options.interface.js';
import type { Executor, ExecutorStats } from './interfaces/executor.interface.js';
import type { PoolKind } from './interfaces/pool-options.interface.js';
import { checkCallOptions } from './options/normalise.js';
import { isUncertain } from './reference/locate.js';
import type { Pool } from './pool/pool.js';
import { forgetMoved } from './wire/transfer.js';
import { currentCall } from './worker/current-call.js';
import { callDirectly, refusalOf } from './worker/direct-executor.js';

type AnyFunction = (...args: never[]) => unknown;

/** A pool as users see it. */
export class PoolExecutor implements Executor {
  readonly name: string;
  readonly kind: PoolKind;

  constructor(
    readonly pool: Pool,
    /** Resolves when it is known what the workers must hold: none can be booted before. */
    private readonly prepare: () => Promise<void> | undefined,
    private readonly targets = new WeakMap<AnyFunction, Map<string | undefined, FunctionTarget>>(),
    private readonly options: CallOptions = {},
  ) {
    this.name = pool.settings.name;
    this.kind = pool.settings.kind;
  }

  run<A extends unknown[], R>(fn: (this: void, ...args: A) => R, ...args: A): Promise<Awaited<R>> {
    return this.#run(fn as AnyFunction, args) as Promise<Awaited<R>>;
  }

  with(options: CallOptions): Executor {
    const given = checkCallOptions(`with() of pool '${this.name}'`, options);
    return new PoolExecutor(this.pool, this.prepare, this.targets, { ...this.options, ...given });
  }

  stats(): ExecutorStats {
    return this.pool.stats();
  }

  #run(fn: AnyFunction, args: readonly unknown[]): Promise<unknown> {
    const refusal = refusalOf(fn, this.name);
    if (refusal) {
      forgetMoved(args);
      return Promise.reject(refusal);
    }
    // In an inline pool's call, waiting for the same pool could last for ever.
    if (currentCall()) return callDirectly(fn, undefined, args);
    const target = this.#targetOf(fn);
    const located = target.definition ? this.prepare() : this.#locate(target);
    const { timeout, priority, retries, signal } = this.options;
    return this.pool.submit(target, args, { timeout, priority, retries, signal, located });
  }

  async #locate(target: FunctionTarget): Promise<void> {
    await this.prepare();
    try {
      await target.locate();
    } catch (error) {
      // Inline, only what would surely fail in a worker is refused: a test runner may load files in its own way.
      if (this.kind !== 'inline' || !isUncertain(error)) throw error;
    }
  }

  #targetOf(fn: AnyFunction): FunctionTarget {
    let byFile = this.targets.get(fn);
    if (!byFile) this.targets.set(fn, (byFile = new Map()));
    let target = byFile.get(this.options.file);
    if (!target) byFile.set(this.options.file, (target = new FunctionTarget(fn, this.options.file)));
    return target;
  }
}
