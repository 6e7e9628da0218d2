import { expect } from 'vitest';
import { enterUntil } from '../fixtures/work.js';
import type { TestApp } from './app.js';
import { comesInTime } from './block-until.js';
import { until, within } from './deadline.js';
import type { Ledger } from './ledger.js';

/** Makes a function known to be short, so that a worker is handed its calls in advance. */
export async function learnShort({ executor }: TestApp, run: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 20; round++) await within(Promise.all([run(), run(), run()]));
  expect(executor.stats().running).toBe(0);
}

/** The same with one that writes into a ledger, until a worker surely is: it does four while nothing is read. */
export async function learnAhead(app: TestApp, ledger: Ledger): Promise<void> {
  const run = () => app.executor.run(enterUntil, ledger.file, 'warm');
  await until(async () => {
    await learnShort(app, run);
    ledger.clear();
    const probes = [run(), run(), run(), run()];
    await new Promise((resolve) => process.nextTick(resolve));
    const areAhead = comesInTime(() => ledger.lines.length === probes.length, 100);
    await within(Promise.all(probes));
    return areAhead;
  }, 'a worker with calls in advance');
  ledger.clear();
}
