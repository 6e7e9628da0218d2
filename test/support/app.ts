import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type Executor,
  ExecutorModule,
  getExecutorToken,
  type PoolKind,
  type PoolOptions,
} from '../../lib/index.js';
import { within } from './deadline.js';

export const WORKER_KINDS: readonly PoolKind[] = ['thread', 'process'];
export const ALL_KINDS: readonly PoolKind[] = [...WORKER_KINDS, 'inline'];

export interface TestApp {
  readonly context: INestApplicationContext;
  /** The pool called `pool`. */
  readonly executor: Executor;
  close(): Promise<void>;
}

/** Without the file that the test runner loads first: so workers start as those of most applications do. */
const OWN_OPTIONS = process.execArgv.filter((option, index, all) => {
  return option !== '--require' && all[index - 1] !== '--require';
});

/** Threads have V8's options in common with this process, and refuse to be given any. */
function ownOptions(kind: PoolKind = 'thread'): Pick<PoolOptions, 'execArgv'> {
  return { execArgv: kind === 'thread' ? [] : OWN_OPTIONS };
}

/** Starts a real Nest application with one pool, `pool`, of one worker unless told otherwise. */
export async function startApp(pool: PoolOptions, metadata: ModuleMetadata = {}): Promise<TestApp> {
  class TestModule {}
  const module = {
    module: TestModule,
    ...metadata,
    imports: [
      ExecutorModule.forRoot({ pools: { pool: { size: 1, ...ownOptions(pool.kind), ...pool } } }),
      ...(metadata.imports ?? []),
    ],
  };
  const starting = NestFactory.createApplicationContext(module, { abortOnError: false, logger: false });
  const context = await within(starting, 'the start');
  return {
    context,
    executor: context.get<Executor>(getExecutorToken('pool')),
    close: () => within(context.close(), 'closing'),
  };
}

/** Starts it, runs the test, closes it whatever happened. */
export async function withApp(
  pool: PoolOptions,
  test: (app: TestApp) => Promise<void>,
  metadata: ModuleMetadata = {},
): Promise<void> {
  const app = await startApp(pool, metadata);
  try {
    await test(app);
  } finally {
    await app.close();
  }
}
