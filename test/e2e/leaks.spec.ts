import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ExecutorWorkerLostError, type PoolOptions } from '../../lib/index.js';
import { childrenOf } from '../chaos/chaos.js';
import { echo, exit, fail, returnsFunction } from '../fixtures/work.js';
import { startApp, type TestApp, WORKER_KINDS } from '../support/app.js';
import { collectGarbage } from '../support/collect-garbage.js';
import { rejection, until, within } from '../support/deadline.js';
import { countOpenFiles } from '../support/open-files.js';

/** Failing calls of each of four sorts: 10,000 for both kinds together. */
const FAILING = 1_250;
/** Killed workers, for each kind. */
const KILLED = 100;

/** Processes boot with a quarter less work so. What is measured is the application. */
const NO_OPTIMISATION = ['--no-opt'];

interface Resources {
  readonly fds: number;
  readonly threads: number;
  readonly children: number;
  readonly handles: number;
  readonly listeners: number;
}

function resources(): Resources {
  return {
    fds: countOpenFiles(),
    threads: readdirSync('/proc/self/task').length,
    children: childrenOf(process.pid).length,
    handles: process.getActiveResourcesInfo().length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

function heap(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

async function failInEveryWay({ executor }: TestApp, times: number): Promise<void> {
  const run = executor.run.bind(executor) as (fn: unknown, ...args: unknown[]) => Promise<unknown>;
  for (let done = 0; done < times; done += 50) {
    const signal = AbortSignal.abort();
    const batch = Array.from({ length: 50 }, () => [
      rejection(run(fail, 'on purpose')),
      rejection(run(returnsFunction)),
      rejection(run(echo, () => {})),
      rejection(executor.with({ signal }).run(echo<number>, 1)),
    ]);
    await Promise.all(batch.flat());
  }
}

async function killWorkers({ executor }: TestApp, times: number): Promise<void> {
  for (let done = 0; done < times; done += 2) {
    const lost = await Promise.all([rejection(executor.run(exit, 1)), rejection(executor.run(exit, 0))]);
    for (const error of lost) expect(error).toBeInstanceOf(ExecutorWorkerLostError);
    // A call that is served ends the back-off.
    await within(Promise.all([executor.run(echo<number>, 1), executor.run(echo<number>, 2)]));
  }
}

describe.each(WORKER_KINDS)('a pool of kind %s leaves nothing behind', (kind) => {
  it('after thousands of failing calls and many killed workers', { timeout: 180_000 }, async () => {
    const pool: PoolOptions = {
      kind,
      size: 2,
      context: false,
      ...(kind === 'process' && { execArgv: NO_OPTIMISATION }),
    };
    // What is made once for all pools, such as the inspector's session, comes first.
    const first = await startApp(pool);
    await failInEveryWay(first, 100);
    await killWorkers(first, 4);
    await first.close();
    const before = resources();
    const app = await startApp(pool);
    await failInEveryWay(app, 200);
    await killWorkers(app, 4);
    const heapBefore = heap();
    await failInEveryWay(app, FAILING);
    const heapBetween = heap();
    await killWorkers(app, KILLED);
    const heapAfter = heap();
    await app.close();
    await until(
      () => {
        const after = resources();
        return (Object.keys(before) as (keyof Resources)[]).every((key) => after[key] <= before[key]);
      },
      `the resources of before: ${JSON.stringify(before)}, not ${JSON.stringify(resources())}`,
    );
    // A leak of 1 KB a call would be 5 MB, one of 20 KB a worker 2 MB.
    expect(heapBetween - heapBefore).toBeLessThan(4_000_000);
    expect(heapAfter - heapBetween).toBeLessThan(2_000_000);
  });
});
