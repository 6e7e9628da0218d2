import { readdirSync, readFileSync } from 'node:fs';

/** How long that may take, in ms. */
const DEADLINE = 15_000;

/** Blocks the event loop until something holds: what workers send meanwhile stays unread. */
export function blockUntil(condition: () => boolean, what: string): void {
  if (!comesInTime(condition, DEADLINE)) throw new Error(`${what} did not come within ${DEADLINE} ms`);
}

/** The same, for so many ms at most. */
export function comesInTime(condition: () => boolean, ms: number): boolean {
  const end = performance.now() + ms;
  while (!condition()) if (performance.now() > end) return false;
  return true;
}

/** Blocks the event loop until a child process is dead: it stays as a zombie, as its end cannot be noticed meanwhile. */
export function blockUntilDead(pid: number): void {
  blockUntil(() => isZombie(pid), `the end of process ${pid}`);
}

/** As long as it has other threads, its pipes are open. */
function isZombie(pid: number): boolean {
  if (readdirSync(`/proc/${pid}/task`).length > 1) return false;
  return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
