import type { Type } from '@nestjs/common';
import { decoratedMethodAt } from '../decorators/decorated-method.js';
import { cureFor, ExecutorReferenceError } from '../errors/executor.errors.js';
import { describeReference } from '../reference/reference.js';
import { resolve, waitNoLonger } from '../reference/resolve.js';
import type { PlanReference, TargetDefinition, WorkerPlan } from '../wire/worker-plan.js';
import { load } from './load.js';
import type { NestContext } from './nest-context.js';

/** Something that a call can run. */
export type Invoke = (args: readonly unknown[]) => unknown;

/** What calls run is looked up here: exported functions, and methods of the instances in the worker's Nest application. */
export class WorkerContext {
  readonly #bootTimeout: number;
  /** Missing in workers that only run functions: most of a worker's start is Nest being loaded. */
  readonly #nest: NestContext | undefined;

  private constructor(bootTimeout: number, nest: NestContext | undefined) {
    this.#bootTimeout = bootTimeout;
    this.#nest = nest;
  }

  /**
   * Rejects with what a file or Nest threw.
   * @param tell told what it does, before it does it
   */
  static async boot(plan: WorkerPlan, tell: (step: string) => void): Promise<WorkerContext> {
    const nest = plan.hasNest ? await (await loadNest()).boot(plan, tell) : undefined;
    return new WorkerContext(plan.bootTimeout, nest);
  }

  /** Looks a target up, so that it can be invoked as often as wanted. */
  async bind({ reference, method, hops }: TargetDefinition): Promise<Invoke> {
    const found = await this.#loadInTime(reference);
    if (method === undefined) return (args) => found(...args);
    const decorated = decoratedMethodAt(found, method, hops ?? 0);
    if (!decorated || !this.#nest) {
      throw new ExecutorReferenceError(
        `A worker found no decorated method '${method}' on ${describeReference(reference)}, though the application did.`,
      );
    }
    const { original } = decorated;
    const instanceFor = await this.#nest.instancesOf(found as unknown as Type<object>);
    return (args) => {
      const instance = instanceFor();
      if (instance instanceof Promise) {
        return instance.then((made: object) => original.apply(made, args as never[]));
      }
      return original.apply(instance, args as never[]);
    };
  }

  async close(): Promise<void> {
    await this.#nest?.close();
  }

  /** Rejects with ExecutorReferenceError after the pool's `bootTimeout`. */
  async #loadInTime(reference: PlanReference): Promise<(...args: unknown[]) => unknown> {
    const ms = this.#bootTimeout;
    let timer: NodeJS.Timeout | undefined;
    let giveUp: ((error: Error) => void) | undefined;
    const stuck = new Promise<never>((_, reject) => (giveUp = reject));
    const startTimer = () => {
      timer = setTimeout(() => {
        waitNoLonger();
        const what = `A worker had not loaded ${describeReference(reference)} after ${ms} ms (bootTimeout)`;
        const why = 'does that file, or one that it imports, wait for something at its top level?';
        giveUp?.(new ExecutorReferenceError(`${what}: ${why}`));
      }, ms);
    };
    try {
      return await Promise.race([resolve(reference, startTimer), stuck]);
    } catch (cause) {
      // Not as if the function had thrown it.
      throw cause instanceof ExecutorReferenceError ? cause : cannotBeLoaded(reference, cause);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** May be called before it is known what the worker must hold, as that takes a while to find out. */
export async function loadNest(): Promise<typeof NestContext> {
  const loaded = await load<typeof import('./nest-context.js')>('./nest-context.js');
  return loaded.NestContext;
}

function cannotBeLoaded(reference: PlanReference, cause: unknown): ExecutorReferenceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const what = `A worker could not load ${describeReference(reference)}`;
  return new ExecutorReferenceError(`${what}: ${why}${cureFor(cause)}`, { cause });
}
