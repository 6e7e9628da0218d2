import { type DecoratedMethod, wrappers } from '../decorators/decorated-method.js';
import { addRouter } from '../decorators/routers.js';
import { ExecutorReferenceError } from '../errors/executor.errors.js';
import type { CallOptions } from '../interfaces/call-options.interface.js';
import type { Executor, ExecutorStats } from '../interfaces/executor.interface.js';
import type { MethodRouter } from '../decorators/method-router.js';
import { checkCallOptions } from '../options/normalise.js';
import { show } from '../options/rules.js';

/** Calls a function at once; what it throws is a rejection. */
export async function callDirectly(
  fn: (...args: never[]) => unknown,
  self: unknown,
  args: readonly unknown[],
): Promise<unknown> {
  return await fn.apply(self, args as never[]);
}

/** Why `run()` takes no such function, if it does not. */
export function refusalOf(fn: unknown, pool: string): ExecutorReferenceError | undefined {
  if (typeof fn !== 'function')
    return new ExecutorReferenceError(`run() of pool '${pool}' takes a function first, not ${show(fn)}.`);
  if (!wrappers.has(fn)) return undefined;
  return new ExecutorReferenceError(
    `run() of pool '${pool}' was given a decorated method: call it on its service, it finds its pool itself.`,
  );
}

/** Where calls are run already: a decorated method is just called. */
export class DirectRouter implements MethodRouter {
  constructor() {
    addRouter(this);
  }

  route(instance: object, method: DecoratedMethod, args: readonly unknown[]): Promise<unknown> {
    return callDirectly(method.original, instance, args);
  }
}

const NO_TIMES = { p50: 0, p95: 0, p99: 0 };

/** A pool as it is injected inside a worker: no pool at all, so that calls cannot wait for each other there. */
export class DirectExecutor implements Executor {
  readonly kind = 'inline';

  constructor(readonly name: string) {}

  run<A extends unknown[], R>(fn: (this: void, ...args: A) => R, ...args: A): Promise<Awaited<R>> {
    const refusal = refusalOf(fn, this.name);
    if (refusal) return Promise.reject(refusal);
    return callDirectly(fn as (...args: never[]) => unknown, undefined, args) as Promise<Awaited<R>>;
  }

  with(options: CallOptions): Executor {
    checkCallOptions(`with() of pool '${this.name}'`, options);
    return this;
  }

  stats(): ExecutorStats {
    return {
      workers: 0,
      queued: 0,
      running: 0,
      completed: 0,
      failed: 0,
      rejected: 0,
      lost: 0,
      waitTime: NO_TIMES,
      runTime: NO_TIMES,
    };
  }
}
