import { markAsWorker } from './is-executor-worker.js';
import { load } from './load.js';

/** Those that ask for an end and that Nest's shutdown hooks hear. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

/** Signals to the whole group (Ctrl-C, systemd, nodemon) reach the parent too, which decides: a worker obeys its pipe. */
for (const signal of SIGNALS) {
  try {
    process.on(signal, () => {});
  } catch {
    // Not every system has them all.
  }
}

markAsWorker();
const [parent, fileBytes, hasNest] = process.argv.slice(2).map(Number);
process.argv.length = 2;

// Only now: whatever is loaded from here on must know that it is in a worker.
const { openProcessSession } = await load<typeof import('./process-session.js')>('./process-session.js');
openProcessSession(parent as number, fileBytes as number, hasNest === 1);
