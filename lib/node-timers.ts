import { performance } from 'node:perf_hooks';

/**
 * Node's own, whatever a test's fake timers put in their place later: those run nothing before they are told to. What a user
 * sets in ms (see LateTimer) is left to them, as tests move that on.
 */
export const { setImmediate, clearImmediate, setTimeout, clearTimeout, queueMicrotask } = globalThis;

/** Where calls are in time, in ms: the clock of `performance.now()`, in the place of which fake timers put another one as well. */
export const clock = { now: performance.now.bind(performance) };

/** Resolves in the next turn of the event loop, or at the end of this one. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
