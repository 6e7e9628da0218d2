import type { Abstract, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import type { PoolOptions } from './pool-options.interface.js';

/**
 * Options of `forRoot`; the factory of `forRootAsync` returns them.
 * @publicApi
 */
export interface ExecutorModuleOptions {
  /** The pools by name. Default: one thread pool, `default`. */
  readonly pools?: Readonly<Record<string, PoolOptions>> | undefined;
  /** The pool that a bare `@RunInExecutor()` or `@InjectExecutor()` means. Default: the pool called `default`, else the only pool. */
  readonly default?: string | undefined;
}

/**
 * Makes the options for `forRootAsync`, with `useClass` or `useExisting`.
 * @publicApi
 */
export interface ExecutorOptionsFactory {
  /** Called once, at start-up. */
  createExecutorOptions(): ExecutorModuleOptions | Promise<ExecutorModuleOptions>;
}

/**
 * Options of `forRootAsync`. You name the pools up front, so that they can be injected; the factory returns what `forRoot`
 * takes, with exactly these pools.
 * @publicApi
 */
export interface ExecutorModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The names of the pools. Default: only `default`. */
  readonly pools?: readonly string[] | undefined;
  /** What is injected into `useFactory`. Default: nothing. */
  readonly inject?: FactoryProvider['inject'] | undefined;
  /** Returns the options, or a promise of them. Set exactly one of `useFactory`, `useClass` and `useExisting`. */
  readonly useFactory?:
    ((...args: never[]) => ExecutorModuleOptions | Promise<ExecutorModuleOptions>) | undefined;
  /** A class that Nest instantiates to make the options. */
  readonly useClass?: Type<ExecutorOptionsFactory> | undefined;
  /** A provider that the application already has: a class, abstract or not, or another token. */
  readonly useExisting?:
    Type<ExecutorOptionsFactory> | Abstract<ExecutorOptionsFactory> | string | symbol | undefined;
}
