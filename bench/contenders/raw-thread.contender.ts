import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Contender, Setup, TaskName } from './contender.js';
import { loadNest } from './load-nest.js';
import { leastBusy, type RawReply, type RawRequest, Waiting } from './raw-messages.js';

const SCRIPT = new URL('./raw-thread.worker.js', import.meta.url);

interface RawThread {
  readonly waiting: Waiting;
  readonly port: MessagePort;
  readonly thread: Worker;
}

/** The floor for threads: a MessagePort and a map, no pool, no errors, no checks. */
export class RawThreadContender implements Contender {
  readonly #besideNest: boolean;
  #threads: RawThread[] = [];

  /** @param besideNest loads Nest in parent and worker first, as whoever compares it with ours has it there */
  constructor(besideNest = false) {
    this.#besideNest = besideNest;
  }

  async start({ workers }: Setup): Promise<void> {
    if (this.#besideNest) await loadNest();
    this.#threads = Array.from({ length: workers }, () => makeThread(this.#besideNest));
    await Promise.all(this.#threads.map(({ thread }) => once(thread, 'message')));
  }

  call(task: TaskName, argument: unknown): Promise<unknown> {
    const { waiting, port } = leastBusy(this.#threads);
    return new Promise((resolve) => {
      const request: RawRequest = [waiting.add(resolve), task, argument];
      if (task === 'move') port.postMessage(request, [(argument as Uint8Array).buffer as ArrayBuffer]);
      else port.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ thread }) => thread.terminate()));
    for (const { port } of this.#threads) port.close();
  }
}

function makeThread(besideNest: boolean): RawThread {
  const { port1, port2 } = new MessageChannel();
  const thread = new Worker(SCRIPT, { workerData: { port: port2, besideNest }, transferList: [port2] });
  const waiting = new Waiting();
  port1.on('message', (reply: RawReply) => waiting.settle(reply));
  return { waiting, port: port1, thread };
}
