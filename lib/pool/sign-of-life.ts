import { performance } from 'node:perf_hooks';
import { LateTimer } from './late-timer.js';

/** How long a worker that is not trusted any more may give no sign of life, in ms. */
export const WATCH_INTERVAL = 250;

interface Asked {
  readonly handle: { ping(): void };
  /** When it last gave a sign of life, on `performance.now()`'s clock. */
  readonly aliveAt: number;
}

/**
 * Asks a worker for a sign of life, and tells in a while whether there was one. If the application blocked its event loop meanwhile,
 * nothing was heard: then it asks once more.
 * @param hold is given each timer that this takes, so that it can be stopped
 */
export function askIfAlive(
  asked: Asked,
  hold: (timer: LateTimer) => void,
  tell: (isAlive: boolean) => void,
  mayExtend = true,
): void {
  const askedAt = performance.now();
  asked.handle.ping();
  const answer = (wasBlocked: boolean) => {
    const isAlive = asked.aliveAt >= askedAt;
    if (!isAlive && wasBlocked && mayExtend) askIfAlive(asked, hold, tell, false);
    else tell(isAlive);
  };
  hold(new LateTimer(answer, WATCH_INTERVAL).unref());
}
