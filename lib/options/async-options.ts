import type { FactoryProvider, InjectionToken } from '@nestjs/common';
import { ExecutorOptionsError } from '../errors/executor.errors.js';
import { DEFAULT_POOL } from '../executor.constants.js';
import type {
  ExecutorModuleAsyncOptions,
  ExecutorModuleOptions,
  ExecutorOptionsFactory,
} from '../interfaces/module-options.interface.js';
import { checkModuleOptions } from './normalise.js';
import { aFunction, aList, aToken, checkObject, emptyPools, isRecord, list, show, strings } from './rules.js';

const WHERE = 'ExecutorModule.forRootAsync()';

const ASYNC_RULES = {
  pools: strings,
  imports: aList,
  inject: aList,
  useFactory: aFunction,
  useClass: aFunction,
  useExisting: aToken,
};

/** @throws ExecutorOptionsError */
export function checkAsyncOptions(options: ExecutorModuleAsyncOptions): void {
  checkObject(WHERE, options as unknown, ASYNC_RULES);
  const { pools = [], useFactory, useClass, useExisting } = options;
  if (options.pools?.length === 0) throw emptyPools(WHERE);
  const twice = pools.find((name, index) => pools.indexOf(name) !== index);
  if (twice !== undefined) throw new ExecutorOptionsError(`${WHERE} names pool '${twice}' twice.`);
  const sources = [useFactory, useClass, useExisting].filter((source) => source !== undefined);
  if (sources.length === 1) return;
  throw new ExecutorOptionsError(`${WHERE} needs one of useFactory, useClass and useExisting, and only one.`);
}

/** The names of the pools that an application gave, or `undefined` if that is no set of pools at all. */
export function namesOfPools(options: ExecutorModuleOptions | undefined): readonly string[] | undefined {
  const pools: unknown = options?.pools;
  if (pools === undefined) return [DEFAULT_POOL];
  return isRecord(pools) ? Object.keys(pools) : undefined;
}

/** How Nest gets the options: from the application's factory, with just the pools that were named up front. */
export function optionsFactory(
  options: ExecutorModuleAsyncOptions,
  names: readonly string[],
): Pick<FactoryProvider<ExecutorModuleOptions>, 'inject' | 'useFactory'> {
  const { useFactory, inject, useClass, useExisting } = options;
  if (useFactory) {
    return {
      inject: inject ?? [],
      useFactory: async (...injected: unknown[]) =>
        checkNames(await useFactory(...(injected as never[])), names),
    };
  }
  const source = useClass ?? useExisting;
  return {
    inject: [source as InjectionToken],
    useFactory: async (factory: ExecutorOptionsFactory) => {
      if (typeof factory?.createExecutorOptions !== 'function') {
        throw new ExecutorOptionsError(
          `${show(source)}, which ${WHERE} was given, has no method createExecutorOptions().`,
        );
      }
      return checkNames(await factory.createExecutorOptions(), names);
    },
  };
}

/** What was promised up front is what can be injected, so the factory must return just that. */
function checkNames(
  options: ExecutorModuleOptions | undefined,
  names: readonly string[],
): ExecutorModuleOptions {
  if (options === undefined) {
    throw new ExecutorOptionsError(
      `${WHERE} got no options: its factory must return what forRoot() takes, {} for the defaults. Is a 'return' missing?`,
    );
  }
  const made = namesOfPools(checkModuleOptions(options)) ?? [];
  const missing = names.filter((name) => !made.includes(name));
  const unknown = made.filter((name) => !names.includes(name));
  if (missing.length === 0 && unknown.length === 0) return options;
  const differences = [
    ...(missing.length > 0 ? [`lack ${list(missing)}`] : []),
    ...(unknown.length > 0 ? [`have ${list(unknown)} besides`] : []),
  ];
  throw new ExecutorOptionsError(
    `${WHERE} was told of pools ${list(names)}, but the options that it got ${differences.join(' and ')}. ` +
      'Name the same pools in both places.',
  );
}
