import type { Setup } from '../contenders/contender.js';
import type { Slice } from '../measure/clock.js';
import type { FlowStep } from './protocol.js';

/** A process in which one contender runs, so that no contender's garbage, timers or crashes are another's. */
export interface Lane {
  /** Resolves to the ms from the start of the pool to its first result. */
  open(setup: Setup): Promise<number>;
  /** Keeps it and its workers on one core from now on. */
  pin(): Promise<void>;
  /** Rejects if a call of this kind has a wrong result. */
  check(step: FlowStep): Promise<void>;
  flow(step: FlowStep): Promise<Slice>;
  /** Ends it. Resolves to what was remarkable about that, if anything was. */
  close(): Promise<string | undefined>;
}
