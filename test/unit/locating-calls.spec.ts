import { expect, it, vi } from 'vitest';
import { Call } from '../../lib/pool/call.js';
import { LocatingCalls } from '../../lib/pool/locating-calls.js';
import { until } from '../support/deadline.js';

function makeTarget() {
  return { label: 'work()', definition: undefined, usualTime: undefined, invoke: () => undefined };
}

function makeCall(id: number, { target = makeTarget(), priority = 0, queueTimeout = 0 } = {}): Call {
  const args = { head: '[]', attachments: [], moves: false };
  const terms = { timeout: 0, queueTimeout, priority, retries: 0 };
  return new Call(id, target, undefined, args, 0, terms, { resolve: () => {}, reject: () => {} });
}

it('hold up those that were made later and are no more urgent', () => {
  const calls = new LocatingCalls(() => {});
  expect(calls.holdUp(makeCall(1))).toBe(false);
  calls.add(makeCall(2));
  expect([makeCall(1), makeCall(3)].map((call) => calls.holdUp(call))).toEqual([false, true]);
  expect([-1, 1].map((priority) => calls.holdUp(makeCall(3, { priority })))).toEqual([true, false]);
});

it('hold nobody up any more once they are gone, and say so', async () => {
  const onFree = vi.fn();
  const calls = new LocatingCalls(onFree);
  const call = makeCall(1);
  calls.add(call);
  expect(calls.holdUp(makeCall(2))).toBe(true);
  calls.delete(call);
  expect([calls.size, [...calls].length, calls.holdUp(makeCall(2))]).toEqual([0, 0, false]);
  await Promise.resolve();
  expect(onFree).toHaveBeenCalledOnce();
});

it('hold others up for a while only, counted from when their target is looked for, and say so', async () => {
  const onFree = vi.fn();
  const calls = new LocatingCalls(onFree);
  const target = makeTarget();
  calls.add(makeCall(1, { target }));
  expect(calls.holdUp(makeCall(2))).toBe(true);
  await until(() => onFree.mock.calls.length > 0, 'the end of the hold');
  calls.add(makeCall(3, { target }));
  expect(calls.holdUp(makeCall(4))).toBe(false);
});

it('hold a call up for no longer than half of its queueTimeout', async () => {
  const onFree = vi.fn();
  const calls = new LocatingCalls(onFree);
  calls.add(makeCall(1));
  const impatient = makeCall(2, { queueTimeout: 20 });
  expect(calls.holdUp(impatient)).toBe(true);
  await until(() => onFree.mock.calls.length > 0, 'the end of the hold');
  expect([impatient, makeCall(3)].map((call) => calls.holdUp(call))).toEqual([false, true]);
});
