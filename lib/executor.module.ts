import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { ExecutorOptionsError } from './errors/executor.errors.js';
import { DEFAULT_POOL, EXECUTOR_REGISTRY } from './executor.constants.js';
import type { ExecutorRegistry } from './executor.registry.js';
import { getExecutorToken } from './executor.tokens.js';
import type { Executor } from './interfaces/executor.interface.js';
import type {
  ExecutorModuleAsyncOptions,
  ExecutorModuleOptions,
} from './interfaces/module-options.interface.js';
import { checkAsyncOptions, namesOfPools, optionsFactory } from './options/async-options.js';
import { normaliseOptions } from './options/normalise.js';
import { isExecutorWorker } from './worker/is-executor-worker.js';
import { WorkerExecutorModule } from './worker/worker-executor.module.js';

const EXECUTOR_OPTIONS = Symbol('nestjs-executor.options');

/**
 * Registers the pools. The module is global: import it once, in the application's root module.
 * @publicApi
 */
@Module({})
export class ExecutorModule {
  /**
   * @param options default: one thread pool, `default`. Wrong options fail the start-up with an ExecutorOptionsError that
   *   names the pool, the key, the value and what is allowed.
   */
  static forRoot(options?: ExecutorModuleOptions): DynamicModule {
    // Wrong options fail the start-up, not the evaluation of the application's files.
    return define(namesOfPools(options) ?? [], { provide: EXECUTOR_OPTIONS, useValue: options }, {});
  }

  /**
   * The same with injected options: `useFactory` with `inject`, `useClass` or `useExisting`.
   * @param options `pools` names the pools up front (default: only `default`), so that they can be injected
   */
  static forRootAsync(options: ExecutorModuleAsyncOptions): DynamicModule {
    checkAsyncOptions(options);
    const names = options.pools ?? [DEFAULT_POOL];
    const provider = { provide: EXECUTOR_OPTIONS, ...optionsFactory(options, names) };
    const extra = options.useClass ? { providers: [options.useClass] } : {};
    return define(names, provider, { imports: options.imports ?? [], ...extra });
  }
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
  const [{ ExecutorExplorer }, { ExecutorRegistry: Registry }, { hasMessageHandlers }] = await Promise.all([
    import('./executor.explorer.js'),
    import('./executor.registry.js'),
    import('./planning/message-handlers.js'),
  ]);
  return new Registry(
    settings,
    new ExecutorExplorer(modules, settings),
    (token) => findOverride(modules, token),
    // Set by the application itself, later or never.
    () => !host.httpAdapter && hasMessageHandlers(modules),
  );
}

/** The factories of the pools' own providers, to tell them apart from what a test put in their place. */
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
