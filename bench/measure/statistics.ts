/** One figure: measured once per round, told by its median and how far the rounds were apart. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
}

/** @param rounds one or more */
export function summarise(rounds: readonly number[]): Summary {
  return {
    median: percentile(rounds, 0.5),
    min: Math.min(...rounds),
    max: Math.max(...rounds),
    rounds,
  };
}

/**
 * How two contenders compare: round by round, as what disturbs a round disturbs them both, and the median of
 * that. `undefined` where one of them has no figures.
 */
export function compare(one: Summary | undefined, other: Summary | undefined): Summary | undefined {
  if (!one || !other) return undefined;
  const rounds = Math.min(one.rounds.length, other.rounds.length);
  if (rounds === 0) return undefined;
  const ratios = Array.from(
    { length: rounds },
    (_, round) => (one.rounds[round] ?? Number.NaN) / (other.rounds[round] ?? Number.NaN),
  );
  return summarise(ratios);
}

/** Between two values, the nearer share of each. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}
