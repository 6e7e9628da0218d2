import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Contender, Setup, TaskName } from './contender.js';
import { leastBusy, type RawReply, type RawRequest, Waiting } from './raw-messages.js';

const SCRIPT = new URL('./raw-thread.worker.js', import.meta.url);

interface RawThread {
  readonly waiting: Waiting;
  readonly port: MessagePort;
  readonly thread: Worker;
}

/** The floor for threads: a MessagePort and a map, no pool, no errors, no checks. */
export class RawThreadContender implements Contender {
  #threads: RawThread[] = [];

  async start({ workers }: Setup): Promise<void> {
    this.#threads = Array.from({ length: workers }, makeThread);
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

function makeThread(): RawThread {
  const { port1, port2 } = new MessageChannel();
  const thread = new Worker(SCRIPT, { workerData: port2, transferList: [port2] });
  const waiting = new Waiting();
  port1.on('message', (reply: RawReply) => waiting.settle(reply));
  return { waiting, port: port1, thread };
}
