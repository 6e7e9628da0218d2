import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { BlockingService } from './blocking.service.js';
import { BusyLoop } from './busy-loop.js';
import type { Mode, ModeAnswer, ModeCommand } from './messages.js';
import { ServerModule } from './server.module.js';

/** The server that is asked: a process of its own, told by messages what to be busy with. */
const BESIDE = fileURLToPath(new URL('./beside.main.js', import.meta.url));

const app = await NestFactory.create(ServerModule, { logger: false, abortOnError: false });
await app.listen(0, '127.0.0.1');
const service = app.get(BlockingService);

interface Busy {
  /** Resolves to the number of calls that ended. */
  stop(): Promise<number>;
}

let busy: Busy | undefined;
let since = performance.now();

process.on('message', async ({ mode, units }: ModeCommand) => {
  const calls = (await busy?.stop()) ?? 0;
  const answer: ModeAnswer = { callsPerSecond: (calls * 1e3) / (performance.now() - since) };
  busy = await makeBusy(mode, units);
  since = performance.now();
  process.send?.(answer);
});
process.once('disconnect', async () => {
  await busy?.stop();
  await app.close();
});
process.send?.(await app.getUrl());

async function makeBusy(mode: Mode, units: number): Promise<Busy | undefined> {
  switch (mode) {
    case 'idle':
      return undefined;
    case 'beside':
      return Beside.start(units);
    case 'inline':
    case 'thread':
    case 'process':
      return new BusyLoop(() => service[mode](units));
  }
}

class Beside implements Busy {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it is busy: its own start must not be measured. */
  static async start(units: number): Promise<Beside> {
    const child = fork(BESIDE, [String(units)]);
    await once(child, 'message');
    return new Beside(child);
  }

  async stop(): Promise<number> {
    const counted = once(this.#child, 'message');
    this.#child.send('stop');
    const [calls] = await counted;
    return calls as number;
  }
}
