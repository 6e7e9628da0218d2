import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** How often the guard looks, in ms. */
const INTERVAL = 1_000;

/** What it looks at, and how often. */
interface Watched {
  /** The process whose child this one is. */
  readonly parent: number;
  /** The descriptor over which the application talks to this process: it may end in a thread of a process that lives on. */
  readonly pipe: number;
  readonly interval: number;
}

/** Runs in the guard as text, and so uses nothing but what it is given. */
function watch({ parent, pipe, interval }: Watched, write: typeof writeSync): NodeJS.Timeout {
  const nothing = new Uint8Array(0);
  const isAlone = () => {
    if (process.ppid !== parent) return true;
    try {
      // Fails where nobody can read it any more.
      write(pipe, nothing);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPIPE';
    }
  };
  return setInterval(() => {
    if (isAlone()) process.kill(process.pid, 'SIGKILL');
  }, interval);
}

const GUARD = `(${watch.toString()})(require('node:worker_threads').workerData, require('node:fs').writeSync);`;

/**
 * Ends this process when its application is gone, even while its event loop is blocked, where the end of the
 * pipe is not seen: a thread of its own looks whose child the process is, and whether the pipe is still read.
 */
export function guardAgainstOrphanage(parent: number, pipe: number): void {
  const watched: Watched = { parent, pipe, interval: INTERVAL };
  // Where there can be no thread, as in a directory that was deleted, at least while the event loop turns.
  const lookHere = () => watch(watched, writeSync).unref();
  try {
    startGuard(watched).once('error', lookHere);
  } catch {
    lookHere();
  }
}

function startGuard(workerData: Watched): Worker {
  const guard = new Worker(GUARD, {
    eval: true,
    workerData,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 },
  });
  guard.unref();
  return guard;
}
