import { describe, expect, it } from 'vitest';
import type { Call } from '../../lib/pool/call.js';
import { mayTakeAhead } from '../../lib/pool/prefetch.js';

/** @param startedAt by default never too long ago */
function callOf(usualTime: number | undefined, isSettled = false, startedAt = Infinity): Call {
  return { target: { usualTime }, isSettled, startedAt } as Call;
}

function slotWith(head: Call, size = 1): Parameters<typeof mayTakeAhead>[0] {
  return { calls: { size }, head, canRecall: true, isDue: false, isFull: false };
}

describe('a worker takes a call in advance', () => {
  it('if that and the one that runs are short', () => {
    expect(mayTakeAhead(slotWith(callOf(0.1)), callOf(0.1))).toBe(true);
    expect(mayTakeAhead(slotWith(callOf(5)), callOf(0.1))).toBe(false);
    expect(mayTakeAhead(slotWith(callOf(0.1)), callOf(5))).toBe(false);
    expect(mayTakeAhead(slotWith(callOf(0.1)), callOf(undefined))).toBe(false);
  });

  it('on its own, and behind one of its kind only, if that takes a few milliseconds', () => {
    const call = callOf(2);
    expect(mayTakeAhead(slotWith(call), call)).toBe(true);
    expect(mayTakeAhead(slotWith(call, 2), call)).toBe(false);
    expect(mayTakeAhead(slotWith(call), callOf(2))).toBe(false);
    expect(mayTakeAhead(slotWith(call), callOf(0.1))).toBe(false);
    const long = callOf(5);
    expect(mayTakeAhead(slotWith(long), long)).toBe(false);
  });

  it('never behind one that has run for longer than it should, or has yet to begin', () => {
    expect(mayTakeAhead(slotWith(callOf(0.1, false, performance.now() - 10)), callOf(0.1))).toBe(false);
    expect(mayTakeAhead(slotWith(callOf(0.1, false, 0)), callOf(0.1))).toBe(false);
  });

  it('never behind one that was given up: its worker may be ended by force', () => {
    expect(mayTakeAhead(slotWith(callOf(0.1, true)), callOf(0.1))).toBe(false);
  });
});
