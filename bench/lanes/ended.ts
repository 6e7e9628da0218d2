import type { ChildProcess } from 'node:child_process';

/** How long a lane may take to end by itself, in ms. */
const ENDING = 3_000;

/** Waits for the process to end by itself, else ends it. Resolves to whether it did. */
export async function endsByItself(child: ChildProcess): Promise<boolean> {
  if (hasEnded(child)) return true;
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<true>((resolve) => child.once('exit', () => resolve(true)));
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ENDING);
  });
  const isEnded = await Promise.race([ended, late]);
  clearTimeout(timer);
  if (!isEnded) {
    child.kill('SIGKILL');
    await ended;
  }
  return isEnded;
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
