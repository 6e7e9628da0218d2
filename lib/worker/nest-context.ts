import * as nest from '@nestjs/common';
import { type DynamicModule, type INestApplicationContext, Scope, type Type } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, ModulesContainer, NestFactory } from '@nestjs/core';
import { nestErrors } from '../reference/nest-errors.js';
import { resolve } from '../reference/resolve.js';
import type { WorkerPlan } from '../wire/worker-plan.js';
import { stripMetadata } from './strip-metadata.js';
import { WorkerExecutorModule } from './worker-executor.module.js';
import { WorkerLogger } from './worker-logger.js';

nestErrors.know(nest);

class ExecutorWorkerRoot {}

async function resolveClass(reference: WorkerPlan['providers'][number]): Promise<Type<unknown>> {
  return (await resolve(reference)) as unknown as Type<unknown>;
}

/** How many are named. */
const MOST_NAMED = 3;

function listOf(names: readonly string[]): string {
  const each = [...new Set(names)];
  const more = each.length - MOST_NAMED;
  return each.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Through which an instance is had, and as what. */
interface Holder {
  readonly ref: ModuleRef;
  readonly token: Type<object>;
  readonly options: { readonly strict: boolean };
}

/** The worker's headless Nest application: booted once, and asked for the instances whose methods calls run. */
export class NestContext {
  readonly #app: INestApplicationContext;
  /** One instance of each transient class, for all its methods. */
  readonly #transients = new Map<object, Promise<object>>();

  private constructor(app: INestApplicationContext) {
    this.#app = app;
  }

  /**
   * Rejects with what a file or Nest threw.
   * @param tell told what it does, before it does it: that may take for ever
   */
  static async boot(plan: WorkerPlan, tell: (step: string) => void): Promise<NestContext> {
    const held = plan.context ? [plan.context, ...plan.providers] : plan.providers;
    if (held.length > 0) tell(`loading ${listOf(held.map(({ file }) => file))}`);
    const context = plan.context && (await resolveClass(plan.context));
    const providers = await Promise.all(plan.providers.map(resolveClass));
    // What cannot be had fails the calls that need it, if there are any.
    const inContext = await Promise.allSettled((plan.inContext ?? []).map(resolveClass));
    providers.forEach(stripMetadata);
    for (const found of inContext) if (found.status === 'fulfilled') stripMetadata(found.value);
    const root: DynamicModule = {
      module: ExecutorWorkerRoot,
      imports: [WorkerExecutorModule.register(plan.pools, plan.defaultPool), ...(context ? [context] : [])],
      providers,
    };
    const names = listOf(held.map(({ exportName }) => exportName));
    if (held.length > 0) tell(`starting ${names} (constructors, factories and start-up hooks)`);
    const app = await NestFactory.createApplicationContext(root, {
      // Else Nest ends the process, and its message is lost.
      abortOnError: false,
      logger: new WorkerLogger(),
    });
    return new NestContext(app);
  }

  /** What gives the instance for a call of the class's methods. */
  async instancesOf(target: Type<object>): Promise<() => object | Promise<object>> {
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

  close(): Promise<void> {
    return this.#app.close();
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
