import type { MessagePort } from 'node:worker_threads';
import { markAsWorker } from './is-executor-worker.js';

/** What the parent passes to a thread's one Piscina task. */
interface ThreadStart {
  readonly port: MessagePort;
  readonly marks: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
}

/** Opens the session and returns: the session lives on its port until the thread ends. */
export default async function start({ port, marks, ring }: ThreadStart): Promise<void> {
  markAsWorker();
  // Only now: whatever is loaded from here on must know that it is in a worker.
  const { HeapStore } = await import('../wire/attachments.js');
  const { MemoryMarks } = await import('../wire/marks.js');
  const { PortChannel } = await import('../wire/port.channel.js');
  const { ResultRing } = await import('../wire/result.ring.js');
  const { Session } = await import('./session.js');
  const channel = new PortChannel(port, { writes: new ResultRing(ring) });
  new Session(channel, new MemoryMarks(marks), new HeapStore(true), endThread).open();
}

function endThread(exitCode: number): void {
  process.exit(exitCode);
}
