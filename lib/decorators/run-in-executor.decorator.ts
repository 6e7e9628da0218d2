import { Inject } from '@nestjs/common';
import { EXECUTOR_REGISTRY, REGISTRY_PROPERTY } from '../executor.constants.js';
import { ExecutorOptionsError } from '../errors/executor.errors.js';
import type { RunInExecutorOptions } from '../interfaces/call-options.interface.js';
import type { MethodRouter } from './method-router.js';
import type { AsyncMethod, ExecutorMethodDecorator } from '../interfaces/decorated-method.interface.js';
import { type DecoratedMethod, recordDecoratedMethod, wrappers } from './decorated-method.js';
import { routerOf } from './routers.js';
import { show } from '../options/rules.js';

/**
 * Routes a method into a pool. Callers await it as before. It runs on the worker's own instance of the class, with its
 * dependencies injected there. It rejects as `Executor.run` does.
 *
 * It compiles only on methods that return a promise. An instance that Nest did not make (`new Service()` in a unit
 * test) runs its methods inline.
 *
 * @param pool the pool's name; default: the module's `default`, else the pool called `default`, else the only pool
 * @param options override the pool's options for every call of this method
 * @throws ExecutorOptionsError if `pool` is not a name, or if what is decorated is not an instance method
 * @publicApi
 */
export function RunInExecutor(pool?: string, options: RunInExecutorOptions = {}): ExecutorMethodDecorator {
  if (pool !== undefined && typeof pool !== 'string') {
    throw new ExecutorOptionsError(
      `@RunInExecutor takes the name of a pool, not ${show(pool)}. Without a name it still needs its parentheses: @RunInExecutor().`,
    );
  }
  return <M extends AsyncMethod>(
    owner: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const original = descriptor?.value as M;
    if (typeof owner === 'function' || typeof original !== 'function') {
      throw new ExecutorOptionsError(
        `@RunInExecutor cannot decorate ${memberOf(owner, name)}: only methods of instances, not static ones, accessors, properties and classes. ` +
          `For a function, export it and use executor.run().`,
      );
    }
    if (name === 'constructor') {
      throw new ExecutorOptionsError(
        `@RunInExecutor cannot decorate a method called 'constructor': Nest could not inject it.`,
      );
    }
    const method: DecoratedMethod = { name, owner, pool, options, original };
    const wrapper = function (this: Routed | undefined, ...args: never[]): Promise<unknown> {
      const router = this?.[REGISTRY_PROPERTY];
      return router ? router.route(this, method, args) : original.apply(this, args);
    } as M;
    Object.defineProperty(wrapper, 'name', { value: original.name, configurable: true });
    Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
    for (const key of Reflect.getMetadataKeys(original)) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapper);
    }
    descriptor.value = wrapper;
    wrappers.add(wrapper);
    recordDecoratedMethod(method);
    if (!Object.hasOwn(owner, REGISTRY_PROPERTY)) injectRouter(owner);
  };
}

/** Injects a property on the prototype: this works in every scope, for subclasses, and for whatever makes instances for Nest. */
function injectRouter(owner: object): void {
  Inject(EXECUTOR_REGISTRY)(owner, REGISTRY_PROPERTY);
  // Kept out of sight: instances are logged, compared and spread.
  Object.defineProperty(owner, REGISTRY_PROPERTY, {
    configurable: true,
    get: () => undefined,
    set(this: object, injected: unknown) {
      const value = routerOf(injected);
      // A mock routes nothing: the instance then runs its methods inline, as one that Nest did not make.
      if (!value) return;
      Object.defineProperty(this, REGISTRY_PROPERTY, { value, configurable: true, writable: true });
    },
  });
}

/** How an error names what was decorated; of a class, only that is given, and a field's decorator may be given no owner. */
function memberOf(owner: object | undefined, name: string | symbol | undefined): string {
  const target = typeof owner === 'function' ? owner : owner?.constructor;
  return [target?.name, name]
    .filter((part) => part !== undefined)
    .map(String)
    .join('.');
}

interface Routed {
  readonly [REGISTRY_PROPERTY]?: MethodRouter;
}
