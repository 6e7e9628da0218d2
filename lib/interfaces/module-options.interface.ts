import type { Abstract, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import type { PoolOptions } from './pool-options.interface.js';

/**
 * What `forRoot` takes, and what the asynchronous form makes.
 * @publicApi
 */
export interface ExecutorModuleOptions {
  /** The pools by name. Default: one thread pool, `default`. */
  readonly pools?: Readonly<Record<string, PoolOptions>> | undefined;
  /** The pool that a bare `@RunInExecutor()` or `@InjectExecutor()` means. Default: the one called `default`, else the only one. */
  readonly default?: string | undefined;
}

/**
 * Makes the options of `forRootAsync`, by `useClass` or `useExisting`.
 * @publicApi
 */
export interface ExecutorOptionsFactory {
  /** Called once, at start-up. */
  createExecutorOptions(): ExecutorModuleOptions | Promise<ExecutorModuleOptions>;
}

/**
 * The names of the pools are given up front, so that they can be injected; the factory returns what
 * `forRoot` takes, with just these pools.
 * @publicApi
 */
export interface ExecutorModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Default: only `default`. */
  readonly pools?: readonly string[] | undefined;
  /** What `useFactory` is given. Default: nothing. */
  readonly inject?: FactoryProvider['inject'] | undefined;
  /** Returns the options, or a promise of them. One of the three must be there. */
  readonly useFactory?:
    ((...args: never[]) => ExecutorModuleOptions | Promise<ExecutorModuleOptions>) | undefined;
  /** A class that Nest makes for this. */
  readonly useClass?: Type<ExecutorOptionsFactory> | undefined;
  /** What the application provides already: a class, abstract or not, or another token. */
  readonly useExisting?:
    Type<ExecutorOptionsFactory> | Abstract<ExecutorOptionsFactory> | string | symbol | undefined;
}
