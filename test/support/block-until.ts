import { readdirSync, readFileSync } from 'node:fs';

/**
 * Blocks the event loop until something holds, for so many ms at most: what workers send meanwhile stays unread.
 * @returns whether it holds
 */
export function blockUntil(condition: () => boolean, ms: number): boolean {
  const end = performance.now() + ms;
  while (!condition()) if (performance.now() > end) return false;
  return true;
}

/** The same, until a child process is dead: it stays as a zombie, as its end cannot be noticed meanwhile. */
export function blockUntilDead(pid: number, ms: number): boolean {
  return blockUntil(() => isZombie(pid), ms);
}

/** As long as it has other threads, its pipes are open. */
function isZombie(pid: number): boolean {
  if (readdirSync(`/proc/${pid}/task`).length > 1) return false;
  return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
