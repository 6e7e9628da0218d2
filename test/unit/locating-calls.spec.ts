import { expect, it, onTestFinished, vi } from 'vitest';
import { clock } from '../../lib/node-timers.js';
import { LocatingCalls } from '../../lib/pool/locating-calls.js';
import { until } from '../support/deadline.js';
import { makeCall, makeTarget } from '../support/make-call.js';

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

it('hold others up for a while only, and say so', async () => {
  const onFree = vi.fn();
  const calls = new LocatingCalls(onFree);
  calls.add(makeCall(1));
  const held = makeCall(2);
  expect(calls.holdUp(held)).toBe(true);
  await until(() => onFree.mock.calls.length > 0, 'the end of the hold');
  expect(calls.holdUp(held)).toBe(false);
});

it('hold others up for a while from when their target is looked for, and for half of a queueTimeout at the most', () => {
  const time = vi.spyOn(clock, 'now').mockReturnValue(1);
  onTestFinished(() => time.mockRestore());
  const calls = new LocatingCalls(() => {});
  const target = makeTarget();
  calls.add(makeCall(1, { target }));
  const [patient, impatient] = [makeCall(2), makeCall(3, { queueTimeout: 20 })];
  const held = () => [patient, impatient].map((call) => calls.holdUp(call));
  expect(held()).toEqual([true, true]);
  time.mockReturnValue(12);
  expect(held()).toEqual([true, false]);
  time.mockReturnValue(90);
  calls.add(makeCall(4, { target }));
  const late = makeCall(5);
  expect(calls.holdUp(late)).toBe(true);
  time.mockReturnValue(102);
  expect([...held(), calls.holdUp(late)]).toEqual([false, false, false]);
});
