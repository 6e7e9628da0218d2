import type { CaseReport } from '../report/report.js';

/** How much is measured. */
export interface Scale {
  /** Leaves out what no goal is about, where it takes long. */
  readonly isQuick: boolean;
  /** Rounds of what is quick to measure. */
  readonly rounds: number;
  /** How long a contender is measured in a round, in ms. */
  readonly sliceMs: number;
  /** V8 compiles what is hot only after a while: so each contender echoes first, for so many calls, or so long. */
  readonly warmUp: { readonly calls: number; readonly ms: number };
  /** And so long, in ms, it does what is measured next; */
  readonly stepWarmUpMs: number;
  /** then, where calls take long, until there were some of them at least, or for so long. */
  readonly slowStepWarmUp: { readonly calls: number; readonly ms: number };
  /** And so long, in ms, before each slice: it has waited while the others were measured, and its caches are cold. */
  readonly leadInMs: number;
  /** Rounds of what needs a fresh process each time. */
  readonly freshRounds: number;
  /** How long a server is under load in a round, in ms. */
  readonly loadMs: number;
  /** How many tasks a slice has room for at the least: its end, when one of two workers is idle, must not matter. */
  readonly tasksPerSlice: number;
  /** How many calls are queued at once, where it is to be many. */
  readonly manyCalls: number;
  /** How many workers are weighed together. */
  readonly idleWorkers: number;
  /** After so many ms a wave of queued calls is cut off. */
  readonly waveLimitMs: number;
}

/** What a case needs to run. */
export interface Bench {
  readonly scale: Scale;
  /** How much arithmetic this machine does in a millisecond, in units of `burn`. */
  readonly unitsPerMs: number;
}

export interface BenchCase {
  readonly name: string;
  run(bench: Bench): Promise<CaseReport>;
}
