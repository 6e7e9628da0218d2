import { type DynamicModule, type INestApplicationContext, Scope, type Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, ModulesContainer, NestFactory } from '@nestjs/core';
import { decoratedMethodAt } from '../decorators/decorated-method.js';
import { cureFor, ExecutorReferenceError } from '../errors/executor.errors.js';
import { describeReference } from '../reference/reference.js';
import { resolve, waitNoLonger } from '../reference/resolve.js';
import type { PlanReference, TargetDefinition, WorkerPlan } from '../wire/worker-plan.js';
import { stripMetadata } from './strip-metadata.js';
import { WorkerExecutorModule } from './worker-executor.module.js';
import { WorkerLogger } from './worker-logger.js';

/** Something that a call can run. */
export type Invoke = (args: readonly unknown[]) => unknown;

class ExecutorWorkerRoot {}

/** Through which an instance is had, and as what. */
interface Holder {
  readonly ref: ModuleRef;
  readonly token: Type<object>;
  readonly options: { readonly strict: boolean };
}

/** The worker's headless Nest application: booted once, and asked for what calls run. */
export class WorkerContext {
  readonly #app: INestApplicationContext;
  readonly #bootTimeout: number;
  /** One instance of each transient class, for all its methods. */
  readonly #transients = new Map<object, Promise<object>>();

  private constructor(app: INestApplicationContext, bootTimeout: number) {
    this.#app = app;
    this.#bootTimeout = bootTimeout;
  }

  /** Rejects with what a file or Nest threw. */
  static async boot(plan: WorkerPlan): Promise<WorkerContext> {
    const context = plan.context && ((await resolve(plan.context)) as unknown as Type<unknown>);
    const providers = (await Promise.all(
      plan.providers.map((provider) => resolve(provider)),
    )) as unknown as Type<unknown>[];
    providers.forEach(stripMetadata);
    const root: DynamicModule = {
      module: ExecutorWorkerRoot,
      imports: [WorkerExecutorModule.register(plan.pools, plan.defaultPool), ...(context ? [context] : [])],
      providers,
    };
    const app = await NestFactory.createApplicationContext(root, {
      // Else Nest ends the process, and its message is lost.
      abortOnError: false,
      logger: new WorkerLogger(),
    });
    return new WorkerContext(app, plan.bootTimeout);
  }

  /** Looks a target up, so that it can be invoked as often as wanted. */
  async bind(definition: TargetDefinition): Promise<Invoke> {
    const { reference, method, hops } = definition;
    const found = await this.#loadInTime(reference);
    if (method === undefined) return (args) => found(...args);
    const decorated = decoratedMethodAt(found, method, hops ?? 0);
    if (!decorated) {
      throw new ExecutorReferenceError(
        `A worker found no decorated method '${method}' on ${describeReference(reference)}, though the application did.`,
      );
    }
    const { original } = decorated;
    const instanceFor = await this.#instances(found as unknown as Type<object>);
    return (args) => {
      const instance = instanceFor();
      if (instance instanceof Promise) {
        return instance.then((made: object) => original.apply(made, args as never[]));
      }
      return original.apply(instance, args as never[]);
    };
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

  close(): Promise<void> {
    return this.#app.close();
  }

  async #instances(target: Type<object>): Promise<() => object | Promise<object>> {
    const { ref, token, options } = this.#holderOf(target);
    const { scope } = ref.introspect(token);
    if (scope === Scope.REQUEST) {
      return () => ref.resolve(token, ContextIdFactory.create(), options);
    }
    if (scope !== Scope.TRANSIENT) {
      const instance: object = ref.get(token, options);
      return () => instance;
    }
    const known = this.#transients.get(target) ?? ref.resolve<object>(token, undefined, options);
    this.#transients.set(target, known);
    known.catch(() => this.#transients.delete(target));
    const instance = await known;
    return () => instance;
  }

  /** What has its instance: it is known by the class itself or, where the context makes it for another token, by that one. */
  #holderOf(target: Type<object>): Holder {
    const modules = [...this.#app.get(ModulesContainer).values()];
    if (!modules.some(({ providers, controllers }) => providers.has(target) || controllers.has(target))) {
      for (const module of modules) {
        for (const { metatype, inject, token } of module.providers.values()) {
          if (metatype !== target || inject) continue;
          const { instance } = module.getProviderByKey<ModuleRef>(ModuleRef);
          return { ref: instance, token: token as Type<object>, options: { strict: true } };
        }
      }
    }
    return { ref: this.#app.get(ModuleRef), token: target, options: { strict: false } };
  }
}

function cannotBeLoaded(reference: PlanReference, cause: unknown): ExecutorReferenceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const what = `A worker could not load ${describeReference(reference)}`;
  return new ExecutorReferenceError(`${what}: ${why}${cureFor(cause)}`, { cause });
}
