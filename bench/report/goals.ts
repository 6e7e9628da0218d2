import type { Summary } from '../measure/statistics.js';

/** A ratio that is to be reached, measured against a contender of the same run. */
export interface Goal {
  readonly what: string;
  readonly sense: 'at most' | 'at least';
  readonly target: number;
  /** `undefined` where one of the two has no figures. */
  readonly ratio: Summary | undefined;
  readonly isMet: boolean;
}

export function atMost(target: number, what: string, ratio: Summary | undefined): Goal {
  return { what, sense: 'at most', target, ratio, isMet: ratio !== undefined && ratio.median <= target };
}

export function atLeast(target: number, what: string, ratio: Summary | undefined): Goal {
  return { what, sense: 'at least', target, ratio, isMet: ratio !== undefined && ratio.median >= target };
}
