import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Contender, Setup, TaskName } from './contender.js';
import { loadNest } from './load-nest.js';
import { leastBusy, type RawReply, type RawRequest, Waiting } from './raw-messages.js';

const SCRIPT = fileURLToPath(new URL('./raw-fork.worker.js', import.meta.url));

interface RawChild {
  readonly waiting: Waiting;
  readonly child: ChildProcess;
}

/** The floor for processes: `fork` with V8's serialization and a map, no pool, no errors, no checks. */
export class RawForkContender implements Contender {
  readonly #besideNest: boolean;
  #children: RawChild[] = [];

  /** @param besideNest loads Nest in parent and worker first, as whoever compares it with ours has it there */
  constructor(besideNest = false) {
    this.#besideNest = besideNest;
  }

  async start({ workers }: Setup): Promise<void> {
    if (this.#besideNest) await loadNest();
    const children = Array.from({ length: workers }, () => makeChild(this.#besideNest));
    this.#children = await Promise.all(children);
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

async function makeChild(besideNest: boolean): Promise<RawChild> {
  const child = fork(SCRIPT, besideNest ? ['beside-nest'] : [], { serialization: 'advanced' });
  await once(child, 'message');
  const waiting = new Waiting();
  child.on('message', (reply) => waiting.settle(reply as unknown as RawReply));
  return { waiting, child };
}
