import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import type { PoolOptions } from './pool-options.interface.js';

/**
 * @publicApi
 */
export interface ExecutorModuleOptions {
  /** The pools by name. Default: one thread pool, `default`. */
  readonly pools?: Readonly<Record<string, PoolOptions>> | undefined;
  /** The pool that a bare `@RunInExecutor()` or `@InjectExecutor()` means. Default: the one called `default`, else the only one. */
  readonly default?: string | undefined;
}

/**
 * @publicApi
 */
export interface ExecutorOptionsFactory {
  createExecutorOptions(): ExecutorModuleOptions | Promise<ExecutorModuleOptions>;
}

/**
 * The names of the pools are given up front, so that they can be injected; the factory returns what
 * `forRoot` takes, with just these pools.
 * @publicApi
 */
export interface ExecutorModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly pools?: readonly string[] | undefined;
  readonly inject?: FactoryProvider['inject'] | undefined;
  readonly useFactory?:
    ((...args: never[]) => ExecutorModuleOptions | Promise<ExecutorModuleOptions>) | undefined;
  readonly useClass?: Type<ExecutorOptionsFactory> | undefined;
  readonly useExisting?: Type<ExecutorOptionsFactory> | undefined;
}
