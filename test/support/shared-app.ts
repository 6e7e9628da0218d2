import { afterAll } from 'vitest';
import { type PoolOptions } from '../../lib/index.js';
import { startApp, type TestApp } from './app.js';
import { until } from './deadline.js';

/**
 * One application for the tests of a block that need nothing but its pool: started with the first of them, closed after
 * the last. Each must leave the pool as it should be, with nothing in it; one that fails takes the application along.
 */
export function sharedApp(pool: PoolOptions): (test: (app: TestApp) => Promise<void>) => Promise<void> {
  let current: TestApp | undefined;
  afterAll(async () => current?.close());
  return async (test) => {
    const app = (current ??= await startApp(pool));
    try {
      await test(app);
      await until(() => isWhole(app), 'a pool with all its workers and no call');
    } catch (error) {
      current = undefined;
      await app.close();
      throw error;
    }
  };
}

function isWhole({ executor }: TestApp): boolean {
  const { kind } = executor;
  const { queued, running, workers } = executor.stats();
  return queued + running === 0 && (kind === 'inline' || workers > 0);
}
