import type { MessagePort } from 'node:worker_threads';
import { markAsWorker } from './is-executor-worker.js';
import { load } from './load.js';

/** What a parent passes to a thread's one Piscina task. */
export interface ThreadStart {
  readonly port: MessagePort;
  readonly marks: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly hasNest: boolean;
}

// Before anything else is loaded, which must know that it is in a worker; and that at once, not with the task.
markAsWorker();
const { openThreadSession } = await load<typeof import('./thread-session.js')>('./thread-session.js');

export default openThreadSession;
