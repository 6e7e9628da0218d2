import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecutorBootError, ExecutorClosedError, ExecutorModule } from '../../lib/index.js';
import { FailingContext, FlaggedContext, GatedContext } from '../fixtures/context.module.js';
import { WithHooks } from '../fixtures/services.js';
import { add, allocateTooMuch, echo, exit, spin, whoAmI } from '../fixtures/work.js';
import { childrenOf } from '../chaos/chaos.js';
import { startApp, withApp, WORKER_KINDS } from '../support/app.js';
import { rejection, until, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';
import { Ledger } from '../support/ledger.js';

let folder: string;
let flag: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'boot-'));
  flag = join(folder, 'flag');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each(WORKER_KINDS)('a start that fails for a pool of kind %s', (kind) => {
  async function startInVain(): Promise<void> {
    const module = ExecutorModule.forRoot({
      pools: { bad: { kind, size: 1, context: FailingContext }, good: { kind, size: 2 } },
    });
    const starting = NestFactory.createApplicationContext(
      { module: Root, imports: [module] },
      { logger: false, abortOnError: false },
    );
    expect(await rejection(starting)).toBeInstanceOf(ExecutorBootError);
  }

  it('leaves no worker of the others', async () => {
    // Node's own threads come with the first.
    await startInVain();
    const before = alive();
    await startInVain();
    await until(() => alive() <= before, `${before} threads and processes`);
  });
});

class Root {}

describe.each(WORKER_KINDS)('a start with too small a heap for a worker of kind %s', (kind) => {
  it('fails, and says what is missing', async () => {
    const resourceLimits = { maxOldGenerationSizeMb: 1, maxYoungGenerationSizeMb: 1 };
    const error = await rejection(startApp({ kind, resourceLimits, context: false }));
    expect(error).toBeInstanceOf(ExecutorBootError);
    expect(error.message).toMatch(/out of memory/i);
    if (kind === 'process') expect(error.message).toMatch(/'resourceLimits'.*wrote: .*fatal/i);
  });
});

/** What workers are: processes and threads. */
function alive(): number {
  return childrenOf(process.pid).length + readdirSync('/proc/self/task').length;
}

describe.each(WORKER_KINDS)('replacing a worker of kind %s', (kind) => {
  it('that cannot boot any more rejects what waits, tries on, and recovers by itself', async () => {
    await withApp({ kind, context: FlaggedContext, env: { BOOT_FLAG: flag } }, async ({ executor }) => {
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      writeFileSync(flag, '');
      await rejection(executor.run(exit, 1));
      const errors = await Promise.all(
        [1, 2].map((n) => rejection<ExecutorBootError>(executor.run(echo<number>, n))),
      );
      for (const error of errors) {
        expect(error).toBeInstanceOf(ExecutorBootError);
        expect((error.cause as Error).message).toBe('the flag is up');
      }
      rmSync(flag);
      await until(async () => {
        const answer = await within(executor.run(add, 2, 3).catch((error: unknown) => error));
        return answer === 5;
      }, 'the recovery');
    });
  });

  it('is stopped by close, and what waits is settled', async () => {
    const app = await startApp({
      kind,
      context: FlaggedContext,
      env: { BOOT_FLAG: flag },
      shutdownTimeout: 100,
    });
    writeFileSync(flag, '');
    await rejection(app.executor.run(exit, 1));
    const waiting = rejection(app.executor.run(add, 1, 2));
    await app.close();
    const error = await waiting;
    expect(error instanceof ExecutorClosedError || error instanceof ExecutorBootError).toBe(true);
    expect(app.executor.stats()).toMatchObject({ workers: 0, queued: 0, running: 0 });
  });

  it('under load, then closing: what was accepted is answered', async () => {
    const app = await startApp({ kind, size: 2 });
    await within(Promise.all([app.executor.run(spin, 1), app.executor.run(echo<number>, 1)]));
    const lost = rejection(app.executor.run(exit, 1));
    const calls = Array.from({ length: 50 }, (_, n) => app.executor.run(echo<number>, n));
    const closing = app.close();
    expect(await within(Promise.all(calls))).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect((await lost).name).toBe('ExecutorWorkerLostError');
    await closing;
  });

  it('while it boots, calls can be aborted at once', async () => {
    await withApp({ kind, warmup: 'lazy' }, async ({ executor }) => {
      const controller = new AbortController();
      const aborted = rejection(executor.with({ signal: controller.signal }).run(echo<number>, 1));
      const kept = executor.run(echo<number>, 2);
      controller.abort(new Error('not any more'));
      expect((await aborted).message).toBe('not any more');
      expect(executor.stats().workers).toBe(0);
      expect(await within(kept)).toBe(2);
    });
  });

  it('is not needed when memory outside the heap is refused, but where Node then ends threads', async () => {
    const isEnded = kind === 'thread' && Number(process.versions.node.split('.')[0]) >= 26;
    await withApp({ kind }, async ({ executor }) => {
      const worker = await within(executor.run(whoAmI));
      const error = await rejection(executor.run(allocateTooMuch));
      if (isEnded) expect(error).toMatchObject({ code: 'EXECUTOR_WORKER_LOST', outOfMemory: true });
      else expect(error).toBeInstanceOf(RangeError);
      expect((await within(executor.run(whoAmI))) === worker).toBe(!isEnded);
    });
  });
});

describe.each(WORKER_KINDS)('an application that closes while a worker of kind %s boots', (kind) => {
  it('lets it finish that, and close its context', async () => {
    const [ledger, gate] = [new Ledger(), new Gate()];
    const env = { HOOK_LOG: ledger.file, BOOT_GATE: gate.file };
    const pool = { kind, warmup: 'lazy', context: GatedContext, env } as const;
    const app = await startApp(pool, { providers: [WithHooks] });
    const end = new AbortController();
    const aborted = rejection(app.executor.with({ signal: end.signal }).run(add, 1, 2));
    await until(() => ledger.lines.includes('boots'), 'the boot');
    end.abort();
    await aborted;
    const closing = app.close();
    // As long as calls are taken, this one is refused for what it is given.
    const refusal = () => rejection(app.executor.run(echo, () => {}));
    await until(async () => (await refusal()) instanceof ExecutorClosedError, 'the close');
    gate.open();
    await closing;
    expect(ledger.lines).toEqual(['boots', 'worker destroyed']);
  });
});
