import { expect } from 'vitest';
import { add } from '../fixtures/work.js';
import type { TestApp } from './app.js';
import { until, within } from './deadline.js';

/** The pool answers, with just the workers it should have. */
export async function isSound({ executor }: TestApp, workers = 1): Promise<void> {
  expect(await within(executor.run(add, 2, 3), 'the next call')).toBe(5);
  await until(() => executor.stats().workers === workers, `${workers} workers`);
  expect(executor.stats()).toMatchObject({ queued: 0, running: 0 });
}
