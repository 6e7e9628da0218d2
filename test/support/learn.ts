import { expect } from 'vitest';
import { enterUntil } from '../fixtures/work.js';
import type { TestApp } from './app.js';
import { until, within } from './deadline.js';
import { Ledger } from './ledger.js';

/** Makes a function known to be short, so that a worker is handed its calls in advance. */
export async function learnShort({ executor }: TestApp, run: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 20; round++) await within(Promise.all([run(), run(), run()]));
  expect(executor.stats().running).toBe(0);
}

/** How long a worker may take to begin what it was handed in advance, in ms. */
export const BEGINS = 1_000;

/**
 * Teaches that `enterUntil` is short, and tries something with calls of it until a worker was handed them in advance: on a busy
 * machine one of them may have taken too long for that.
 * @param attempt returns whether that was so
 */
export async function withCallsAhead(
  app: TestApp,
  attempt: (ledger: Ledger) => Promise<boolean>,
): Promise<void> {
  await until(async () => {
    const ledger = new Ledger();
    await learnShort(app, () => app.executor.run(enterUntil, ledger.file, 'warm'));
    ledger.clear();
    return attempt(ledger);
  }, 'calls in advance');
}
