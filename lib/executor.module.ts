import { type DynamicModule, type InjectionToken, Module, type Provider } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ExecutorOptionsError } from './errors/executor.errors.js';
import { EXECUTOR_REGISTRY } from './executor.constants.js';
import type { ExecutorRegistry } from './executor.registry.js';
import { getExecutorToken } from './executor.tokens.js';
import type { Executor } from './interfaces/executor.interface.js';
import type {
  ExecutorModuleAsyncOptions,
  ExecutorModuleOptions,
  ExecutorOptionsFactory,
} from './interfaces/module-options.interface.js';
import { normaliseOptions } from './options/normalise.js';
import { checkObject, isRecord, list, type Rule, show, strings } from './options/rules.js';
import { isExecutorWorker } from './worker/is-executor-worker.js';
import { WorkerExecutorModule } from './worker/worker-executor.module.js';

const EXECUTOR_OPTIONS = Symbol('nestjs-executor.options');

/**
 * Registers the pools. Global: import it once, in the application's root module.
 * @publicApi
 */
@Module({})
export class ExecutorModule {
  /**
   * @param options default: one thread pool, `default`. What is wrong in them fails the start-up with
   *   ExecutorOptionsError, which names pool, key, value and what is allowed.
   */
  static forRoot(options?: ExecutorModuleOptions): DynamicModule {
    const pools: unknown = options?.pools;
    const names = pools === undefined ? ['default'] : isRecord(pools) ? Object.keys(pools) : [];
    return define(names, { provide: EXECUTOR_OPTIONS, useValue: options }, {});
  }

  /**
   * The same with options that are injected: `useFactory` with `inject`, `useClass` or `useExisting`.
   * @param options `pools` names the pools up front (default: only `default`), so that they can be injected
   */
  static forRootAsync(options: ExecutorModuleAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const names = options.pools ?? ['default'];
    const provider = asyncOptions(options, names);
    const extra = options.useClass ? { providers: [options.useClass] } : {};
    return define(names, provider, { imports: options.imports ?? [], ...extra });
  }
}

const ASYNC = 'ExecutorModule.forRootAsync()';

const aList: Rule = (value) => (Array.isArray(value) ? undefined : 'a list');
const aFunction: Rule = (value) => (typeof value === 'function' ? undefined : 'a function');
const aToken: Rule = () => undefined;

const ASYNC_RULES = {
  pools: strings,
  imports: aList,
  inject: aList,
  useFactory: aFunction,
  useClass: aFunction,
  useExisting: aToken,
};

/** @throws ExecutorOptionsError */
function checkAsyncOptions(options: ExecutorModuleAsyncOptions): void {
  checkObject(ASYNC, options as unknown, ASYNC_RULES);
  const { pools = [], useFactory, useClass, useExisting } = options;
  const twice = pools.find((name, index) => pools.indexOf(name) !== index);
  if (twice !== undefined) throw new ExecutorOptionsError(`${ASYNC} names pool '${twice}' twice.`);
  const sources = [useFactory, useClass, useExisting].filter((source) => source !== undefined);
  if (sources.length === 1) return;
  throw new ExecutorOptionsError(`${ASYNC} needs one of useFactory, useClass and useExisting.`);
}

function define(
  names: readonly string[],
  options: Provider,
  extra: Pick<DynamicModule, 'imports' | 'providers'>,
): DynamicModule {
  // No pools of a worker's own: its methods run where they are called.
  if (isExecutorWorker()) return WorkerExecutorModule.register(names);
  const executors = [undefined, ...names].map((name) => ({
    provide: getExecutorToken(name),
    inject: [EXECUTOR_REGISTRY],
    useFactory: makesExecutor(name),
  }));
  return {
    module: ExecutorModule,
    global: true,
    imports: extra.imports ?? [],
    providers: [
      options,
      ...(extra.providers ?? []),
      {
        provide: EXECUTOR_REGISTRY,
        inject: [EXECUTOR_OPTIONS, ModulesContainer, HttpAdapterHost],
        useFactory: makeRegistry,
      },
      ...executors,
    ],
    exports: [EXECUTOR_REGISTRY, ...executors.map(({ provide }) => provide)],
  };
}

async function makeRegistry(
  options: ExecutorModuleOptions | undefined,
  modules: ModulesContainer,
  host: HttpAdapterHost,
): Promise<ExecutorRegistry> {
  const registered = [...modules.values()].filter((module) => module.metatype === ExecutorModule);
  if (registered.length > 1) {
    throw new ExecutorOptionsError(
      'ExecutorModule is registered more than once. It is global: call forRoot() or forRootAsync() once, in the ' +
        "application's root module, with all pools.",
    );
  }
  const settings = normaliseOptions(options);
  // Only where there are pools: what workers need not load lets them start sooner.
  const [{ ExecutorExplorer }, { ExecutorRegistry: Registry }] = await Promise.all([
    import('./executor.explorer.js'),
    import('./executor.registry.js'),
  ]);
  return new Registry(
    settings,
    new ExecutorExplorer(modules, settings),
    (token) => findOverride(modules, token),
    // Set by the application itself, later or never.
    () => !host.httpAdapter && hasMessageHandlers(modules),
  );
}

/** Nest's metadata key of what `@MessagePattern()` and `@EventPattern()` stand on (`@nestjs/microservices`, constants). */
const MESSAGE_PATTERN = 'microservices:pattern';

function hasMessageHandlers(modules: ModulesContainer): boolean {
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      for (let owner: object | null = metatype?.prototype; owner; owner = Object.getPrototypeOf(owner)) {
        if (Object.values(Object.getOwnPropertyDescriptors(owner)).some(isMessageHandler)) return true;
      }
    }
  }
  return false;
}

function isMessageHandler({ value }: PropertyDescriptor): boolean {
  return typeof value === 'function' && Reflect.hasMetadata(MESSAGE_PATTERN, value);
}

/** The factories of the pools' own providers, to tell them from what a test put in their place. */
const ownFactories = new WeakSet<object>();

function makesExecutor(name: string | undefined): (registry: ExecutorRegistry) => Executor | undefined {
  const factory = (registry: ExecutorRegistry) => registry.executor(name);
  ownFactories.add(factory);
  return factory;
}

function findOverride(modules: ModulesContainer, token: string): Executor | undefined {
  for (const module of modules.values()) {
    if (module.metatype !== ExecutorModule) continue;
    const record = module.providers.get(token);
    if (record && !(record.metatype && ownFactories.has(record.metatype))) return record.instance as Executor;
  }
  return undefined;
}

function asyncOptions(options: ExecutorModuleAsyncOptions, names: readonly string[]): Provider {
  const { useFactory, inject, useClass, useExisting } = options;
  if (useFactory) {
    return {
      provide: EXECUTOR_OPTIONS,
      inject: inject ?? [],
      useFactory: async (...injected: never[]) => checkNames(await useFactory(...injected), names),
    };
  }
  const source = useClass ?? useExisting;
  return {
    provide: EXECUTOR_OPTIONS,
    inject: [source as InjectionToken],
    useFactory: async (factory: ExecutorOptionsFactory) => {
      if (typeof factory?.createExecutorOptions !== 'function') {
        throw new ExecutorOptionsError(
          `${show(source)}, which ExecutorModule.forRootAsync() was given, has no method createExecutorOptions().`,
        );
      }
      return checkNames(await factory.createExecutorOptions(), names);
    },
  };
}

/** What was promised up front is what can be injected, so the factory must return just that. */
function checkNames(options: ExecutorModuleOptions, names: readonly string[]): ExecutorModuleOptions {
  const pools: unknown = options?.pools;
  const made = pools === undefined ? ['default'] : isRecord(pools) ? Object.keys(pools) : undefined;
  if (made === undefined) return options;
  const missing = names.filter((name) => !made.includes(name));
  const unknown = made.filter((name) => !names.includes(name));
  if (missing.length === 0 && unknown.length === 0) return options;
  const differences = [
    ...(missing.length > 0 ? [`lack ${list(missing)}`] : []),
    ...(unknown.length > 0 ? [`have ${list(unknown)} besides`] : []),
  ];
  throw new ExecutorOptionsError(
    `ExecutorModule.forRootAsync() was told of pools ${list(names)}, but the options that it got ` +
      `${differences.join(' and ')}. Name the same pools in both places.`,
  );
}
