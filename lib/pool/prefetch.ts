import { clock } from '../node-timers.js';
import type { Call } from './call.js';

/**
 * How long the calls that a worker holds in advance may take together, in ms. More would hide more of the way
 * to the worker and back (some 0.1 ms); less is sooner elsewhere when the one before them turns out long.
 */
const AHEAD_TIME = 1;

/**
 * From here on, in ms, no call is handed over in advance: what its worker waits for the next one is less than a twentieth of it.
 * Below, but above `AHEAD_TIME`, a single one is, and only behind a call of the same target: it waits no longer than it takes.
 */
export const PAIR_TIME = 4;

/**
 * The most that a worker holds. Each message to a worker wakes it, which costs more than what is in it, so that half of the
 * messages would be saved by twice as many calls; but all their results may come in one turn of the application's event loop.
 */
const MAX_AHEAD = 128;

/** What recent calls weigh in a target's usual time. */
const RECENT = 0.2;

/** What is to be known of a worker. */
interface AheadSlot {
  readonly calls: { readonly size: number };
  readonly head: Call | undefined;
  readonly canRecall: boolean;
  readonly isDue: boolean;
  /** It holds as many as it may, until it has done half of them. */
  isFull: boolean;
}

/** Notes how long a call took: up at once, down slowly, as only what is surely short is handed over in advance. */
export function noteTime(call: Call, ms: number): void {
  const { target } = call;
  const usual = target.usualTime ?? ms;
  target.usualTime = ms > usual ? ms : usual + (ms - usual) * RECENT;
}

/** Whether the worker, which has calls already, may be handed this one in advance. */
export function mayTakeAhead(slot: AheadSlot, call: Call): boolean {
  const { usualTime } = call.target;
  if (usualTime === undefined || usualTime >= PAIR_TIME) return false;
  if (!slot.canRecall || slot.isDue) return false;
  // Filled up when it is half empty: a message with many calls costs little more than one with a single call.
  const most = Math.max(2, Math.min(MAX_AHEAD, AHEAD_TIME / usualTime));
  if (slot.calls.size >= most) slot.isFull = true;
  else if (slot.calls.size <= most / 2) slot.isFull = false;
  if (slot.isFull) return false;
  const { head } = slot;
  // What goes on though it was given up may be ended by force, and the worker with it.
  if (!head || head.isSettled) return false;
  // It takes longer than was known, or has yet to begin. Asked once: where more wait behind it, relief sees to that.
  if (slot.calls.size === 1 && clock.now() - head.startedAt > PAIR_TIME) return false;
  if (head.target === call.target) return true;
  const headTime = head.target.usualTime;
  return usualTime < AHEAD_TIME && headTime !== undefined && headTime < AHEAD_TIME;
}
