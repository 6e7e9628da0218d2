import { Scope, type Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { type DecoratedMethod, decoratedMethodsOf } from './decorators/decorated-method.js';
import { ExecutorOptionsError } from './errors/executor.errors.js';
import { REGISTRY_PROPERTY } from './executor.constants.js';
import { checkMethodOptions, choosePool, type ExecutorSettings } from './options/normalise.js';
import { getExecutorToken } from './executor.tokens.js';
import {
  dependenciesOf,
  isConstructed,
  type ModuleRecord,
  type ProviderRecord,
} from './planning/nest-graph.js';

/** A class of the application with decorated methods, and the modules that provide it, each with its own dependencies. */
export interface DecoratedClass {
  readonly target: Type<object>;
  readonly modules: readonly ModuleRecord[];
  readonly methods: readonly (DecoratedMethod & { readonly poolName: string })[];
}

/** Finds the decorated methods of an application, and checks them. */
export class ExecutorExplorer {
  constructor(
    readonly modules: ModulesContainer,
    private readonly settings: ExecutorSettings,
  ) {}

  /**
   * Looks at classes only, so that it can be asked before the instances are made.
   * @throws ExecutorOptionsError that names class, method and cure
   */
  explore(): DecoratedClass[] {
    const providers = new Map<Type<object>, ModuleRecord[]>();
    for (const [module, record] of this.#records()) {
      if (!isConstructed(record)) continue;
      const target = record.metatype as Type<object>;
      const modules = providers.get(target);
      if (modules) modules.push(module);
      else providers.set(target, [module]);
    }
    return Array.from(providers, ([target, modules]) => {
      this.#checkInjected(target);
      const methods = decoratedMethodsOf(target).map((method) => this.#check(target, method));
      return { target, modules, methods };
    }).filter(({ methods }) => methods.length > 0);
  }

  /**
   * Decorated classes that Nest did not construct have no way into a pool: they would run inline, unnoticed. (Not what a test puts in
   * their place, where its own methods stand for the decorated ones.)
   * @throws ExecutorOptionsError
   */
  checkInstances(): void {
    for (const [, record] of this.#records()) {
      if (isConstructed(record)) continue;
      const { instance, token } = record as { instance: unknown; token: unknown };
      // One of another scope is made later: then only its token can tell.
      const target = isObject(instance) ? classOf(instance) : isMadeLate(record) ? token : undefined;
      if (typeof target !== 'function') continue;
      const holder: Injected = isObject(instance) ? instance : (target.prototype as object);
      const method = decoratedMethodsOf(target).find(({ name, owner }) => {
        return valueIn(holder, name) === valueIn(owner, name);
      });
      if (!method || holder[REGISTRY_PROPERTY]) continue;
      throw new ExecutorOptionsError(
        `${target.name} has the decorated method ${String(method.name)}(), but the application makes it by a factory ` +
          `or value, so that it would run inline. Provide the class itself: providers: [${target.name}], with what ` +
          `it needs injected. (In a test, put something with methods of its own in its place.)`,
      );
    }
  }

  /** The default pool's provider is there even if there is no such pool: others' options decide it late. */
  #checkInjected(target: Type<object>): void {
    if (this.settings.defaultPool !== undefined) return;
    const isInjected = dependenciesOf(target).includes(getExecutorToken());
    if (isInjected) choosePool(`@InjectExecutor() in ${target.name}`, undefined, this.settings);
  }

  #check(target: Type<object>, method: DecoratedMethod): DecoratedMethod & { readonly poolName: string } {
    const where = `${target.name}.${String(method.name)}()`;
    if (typeof method.name !== 'string') {
      throw new ExecutorOptionsError(
        `${where}: @RunInExecutor works on methods with a string as their name.`,
      );
    }
    checkMethodOptions(`@RunInExecutor on ${where}`, method.options);
    return { ...method, poolName: choosePool(where, method.pool, this.settings) };
  }

  *#records(): Iterable<readonly [ModuleRecord, ProviderRecord]> {
    for (const module of this.modules.values()) {
      for (const kind of [module.providers, module.controllers, module.injectables]) {
        for (const record of kind.values()) yield [module, record as ProviderRecord];
      }
    }
  }
}

/** What Nest has as an instance of a decorated class. */
interface Injected {
  readonly [REGISTRY_PROPERTY]?: unknown;
}

/** Its own, or the nearest that it inherits; without asking a getter, which may be anybody's. */
function valueIn(holder: object, name: string | symbol): unknown {
  let owner: object | null = holder;
  while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner ? (Object.getOwnPropertyDescriptor(owner, name)?.value as unknown) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** By a factory that is injected with nothing, and so cannot hand on what Nest made. */
function isMadeLate({ scope, inject }: ProviderRecord): boolean {
  return inject?.length === 0 && (scope === Scope.REQUEST || scope === Scope.TRANSIENT);
}

function classOf(instance: object): unknown {
  return (Object.getPrototypeOf(instance) as object | null)?.constructor;
}
