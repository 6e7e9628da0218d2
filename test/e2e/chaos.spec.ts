import { expect, it } from 'vitest';
import { chaos } from '../chaos/chaos.js';
import { within } from '../support/deadline.js';

it('no call runs twice and none vanishes, whatever dies', { timeout: 90_000 }, async () => {
  const report = await within(chaos(10, 20_261, 5), 'the chaos run', 75_000);
  expect(report.wrong).toEqual([]);
  expect(report.calls).toBeGreaterThan(60);
  expect(report.resolved).toBeGreaterThan(30);
  expect(Object.keys(report.rejected)).not.toEqual([]);
});
