import type { Setup, TaskName } from '../contenders/contender.js';
import type { ArgumentSpec } from './arguments.js';

/** What `drive` is to do in a lane. */
export interface FlowStep {
  readonly task: TaskName;
  readonly argument: ArgumentSpec;
  readonly inFlight: number;
  readonly ms: number;
  /** Ends it before its time. */
  readonly calls?: number;
}

/** What `wave` is to do in a lane. */
export interface WaveStep {
  readonly argument: ArgumentSpec;
  readonly calls: number;
  /** How many waves of so many calls, one after the other; the one in the middle counts. */
  readonly waves: number;
  readonly limitMs: number;
}

export interface MemoryFigures {
  /** In MB, by which the parent grew with all its workers. */
  readonly parentMb: number;
  /** In MB, of all child processes together. */
  readonly childrenMb: number;
}

/** What the bench asks of a lane. Each is answered before the next is sent. */
export type Command =
  /** Starts the pool and makes a first call; answered with the ms that took. */
  | { readonly type: 'open'; readonly setup: Setup }
  /** Makes a call of the kind, and checks its result. */
  | { readonly type: 'check'; readonly step: Pick<FlowStep, 'task' | 'argument'> }
  | { readonly type: 'flow'; readonly step: FlowStep }
  | { readonly type: 'wave'; readonly step: WaveStep }
  /** Starts the pool, lets each worker work, and weighs them. */
  | { readonly type: 'weigh'; readonly setup: Setup }
  | { readonly type: 'close' };

export type Answer = { readonly value: unknown } | { readonly failure: string };
