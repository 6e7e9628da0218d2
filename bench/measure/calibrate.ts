import { burn } from '../contenders/tasks.js';
import { percentile } from './statistics.js';

const TRIALS = 9;
const UNITS = 2_000_000;

/** How many units of arithmetic this machine does in a millisecond: found out once, the same for all contenders. */
export function calibrate(): number {
  burn(UNITS);
  const times = Array.from({ length: TRIALS }, () => {
    const startedAt = performance.now();
    burn(UNITS);
    return performance.now() - startedAt;
  });
  // The shorter times: the longer ones were shared with others.
  return UNITS / percentile(times, 0.25);
}
