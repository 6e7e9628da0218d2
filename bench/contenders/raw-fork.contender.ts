import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Contender, Setup, TaskName } from './contender.js';
import { leastBusy, type RawReply, type RawRequest, Waiting } from './raw-messages.js';

const SCRIPT = fileURLToPath(new URL('./raw-fork.worker.js', import.meta.url));

interface RawChild {
  readonly waiting: Waiting;
  readonly child: ChildProcess;
}

/** The floor for processes: `fork` with V8's serialization and a map, no pool, no errors, no checks. */
export class RawForkContender implements Contender {
  #children: RawChild[] = [];

  async start({ workers }: Setup): Promise<void> {
    this.#children = await Promise.all(Array.from({ length: workers }, makeChild));
  }

  call(task: TaskName, argument: unknown): Promise<unknown> {
    const { waiting, child } = leastBusy(this.#children);
    return new Promise((resolve) => {
      const request: RawRequest = [waiting.add(resolve), task, argument];
      child.send(request);
    });
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#children.map(async ({ child }) => {
        const ended = once(child, 'exit');
        child.disconnect();
        await ended;
      }),
    );
  }
}

async function makeChild(): Promise<RawChild> {
  const child = fork(SCRIPT, { serialization: 'advanced' });
  await once(child, 'message');
  const waiting = new Waiting();
  child.on('message', (reply) => waiting.settle(reply as unknown as RawReply));
  return { waiting, child };
}
