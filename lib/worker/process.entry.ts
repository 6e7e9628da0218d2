import { markAsWorker } from './is-executor-worker.js';
import { load } from './load.js';

/** Signals to the whole group (Ctrl-C, systemd) reach the parent too, which decides: a worker obeys its pipe. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

markAsWorker();
const [parent, fileBytes, hasNest] = process.argv.slice(2).map(Number);
process.argv.length = 2;

// Only now: whatever is loaded from here on must know that it is in a worker.
const { openProcessSession } = await load<typeof import('./process-session.js')>('./process-session.js');
openProcessSession(parent as number, fileBytes as number, hasNest === 1);
