import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BackOff } from '../../lib/pool/back-off.js';

describe('BackOff', () => {
  let now: number;

  beforeEach(() => {
    now = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    vi.spyOn(Math, 'random').mockReturnValue(1);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('doubles from boot to boot, up to a limit, until one succeeds', () => {
    const backOff = new BackOff();
    const delays = Array.from({ length: 8 }, () => {
      backOff.bootFailed();
      return backOff.remaining;
    });
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    backOff.bootSucceeded();
    expect(backOff).toMatchObject({ remaining: 0, failedBoots: 0 });
    backOff.bootFailed();
    expect(backOff.remaining).toBe(100);
    now += 100;
    expect(backOff.remaining).toBe(0);
  });

  it('replaces a first lost worker at once, and the next ones later and later', () => {
    const backOff = new BackOff();
    backOff.workerLost(true);
    expect(backOff.remaining).toBe(0);
    backOff.workerLost(true);
    expect(backOff.remaining).toBe(20);
    backOff.workerLost(true);
    expect(backOff.remaining).toBe(40);
    backOff.callServed();
    backOff.bootSucceeded();
    backOff.workerLost(true);
    expect(backOff.remaining).toBe(0);
  });

  it('leaves half of a delay to chance', () => {
    vi.mocked(Math.random).mockReturnValue(0);
    const backOff = new BackOff();
    backOff.bootFailed();
    expect(backOff.remaining).toBe(50);
  });
});
