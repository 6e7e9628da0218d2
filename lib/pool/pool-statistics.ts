import { TimeHistogram } from './time-histogram.js';

/** What a pool counts. */
export class PoolStatistics {
  completed = 0;
  failed = 0;
  rejected = 0;
  lost = 0;
  readonly waitTime = new TimeHistogram();
  readonly runTime = new TimeHistogram();
}
