import { Worker } from 'node:worker_threads';

/** How often the guard looks, in ms. */
const INTERVAL = 1_000;

const GUARD = `
  const { workerData } = require('node:worker_threads');
  setInterval(() => {
    if (process.ppid !== workerData.parent) process.kill(process.pid, 'SIGKILL');
  }, workerData.interval);
`;

/**
 * Ends this process when its parent is gone, even while its event loop is blocked, where the end of the
 * pipe is not seen: a thread of its own looks whose child the process is.
 */
export function guardAgainstOrphanage(parent: number): void {
  try {
    startGuard(parent).once('error', () => lookFrom(parent));
  } catch {
    lookFrom(parent);
  }
}

/** Where there can be no thread, as in a directory that was deleted, at least while the event loop turns. */
function lookFrom(parent: number): void {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, INTERVAL).unref();
}

function startGuard(parent: number): Worker {
  const guard = new Worker(GUARD, {
    eval: true,
    workerData: { parent, interval: INTERVAL },
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  });
  guard.unref();
  return guard;
}
