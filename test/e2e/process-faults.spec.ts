import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExecutorSerializationError, ExecutorWorkerLostError } from '../../lib/index.js';
import {
  abortProcess,
  diesWhileWriting,
  echo,
  echoLater,
  enterAndSpoil,
  enterUntil,
  exitsWithWords,
  killMyself,
  repliesNonsense,
  whoAmI,
  writesToPipe,
  signalMyself,
} from '../fixtures/work.js';
import { withApp } from '../support/app.js';
import { blockUntilDead } from '../support/block-until.js';
import { rejection, within } from '../support/deadline.js';
import { isSound } from '../support/is-sound.js';
import { BEGINS, learnShort, withCallsAhead } from '../support/learn.js';
import { Ledger } from '../support/ledger.js';
import { sharedApp } from '../support/shared-app.js';

const BAD_FRAMES = [
  'garbage',
  'claim',
  'truncated',
  'unknown reply',
  'unknown type',
  'missing region',
  'no value',
  'no value',
] as const;

describe('faults of a process', () => {
  const inApp = sharedApp({ kind: 'process', context: false });

  it.each([
    ['SIGKILL', killMyself],
    ['SIGABRT', abortProcess],
  ] as const)('%s is named', async (signal, fn) => {
    await inApp(async (app) => {
      const error = await rejection<ExecutorWorkerLostError>(app.executor.run(fn));
      expect(error).toMatchObject({ exitCode: null, signal, outOfMemory: false });
      await isSound(app);
    });
  });

  it('signals that ask for an end are left to the application', async () => {
    await inApp(async ({ executor }) => {
      const pids = new Set<number>();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const) {
        pids.add(await within(executor.run(signalMyself, signal)));
      }
      expect(pids.size).toBe(1);
    });
  });

  it('what a worker writes does not make its end one of memory', async () => {
    await inApp(async (app) => {
      const error = await rejection<ExecutorWorkerLostError>(app.executor.run(exitsWithWords));
      expect(error).toMatchObject({ exitCode: 3, outOfMemory: false });
    });
  });

  it('started in a directory that is deleted: workers boot all the same', async () => {
    const before = process.cwd();
    const folder = mkdtempSync(join(tmpdir(), 'deleted-'));
    try {
      process.chdir(folder);
      rmdirSync(folder);
      await withApp({ kind: 'process', context: false }, async ({ executor }) => {
        // As long as it takes until they would have ended.
        expect(await within(executor.run(echoLater, 1, 500))).toBe(1);
        expect(await rejection(executor.run(killMyself))).toMatchObject({ signal: 'SIGKILL' });
        expect(await within(executor.run(echoLater, 2, 500))).toBe(2);
      });
    } finally {
      process.chdir(before);
    }
  });

  it('killed from outside, at any moment: every call settles', async () => {
    await withApp({ kind: 'process', context: false, size: 2 }, async (app) => {
      const { executor } = app;
      for (let round = 0; round < 6; round++) {
        const pid = Number((await within(executor.run(whoAmI))).split(':')[0]);
        const calls = Array.from({ length: 20 }, (_, n) => executor.run(echo<number>, n));
        process.kill(pid, 'SIGKILL');
        for (const outcome of await within(Promise.allSettled(calls))) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ExecutorWorkerLostError);
        }
      }
      await isSound(app, 2);
    });
  });

  it.each([
    ['small', 1],
    ['too large for the pipe', 1_000_000],
  ])(
    'what it finished is answered, though a call (%s) is written to it after its end',
    async (_what, length) => {
      await inApp(async (app) => {
        const { executor } = app;
        await withCallsAhead(app, async (ledger) => {
          const pid = Number((await within(executor.run(whoAmI))).split(':')[0]);
          const finished = ['one', 'two'].map((line) => executor.run(enterUntil, ledger.file, line));
          const fatal = rejection(executor.run(enterUntil, ledger.file, 'fatal', undefined, true));
          await new Promise((resolve) => process.nextTick(resolve));
          // Nothing is read before the next call is written.
          const wasAhead = blockUntilDead(pid, BEGINS);
          const after = executor.run(enterUntil, ledger.file, 'x'.repeat(length));
          await within(Promise.all(finished));
          expect(await fatal).toBeInstanceOf(ExecutorWorkerLostError);
          await within(after);
          expect(ledger.lines.map((line) => line[0])).toEqual(['o', 't', 'f', 'x']);
          return wasAhead;
        });
      });
    },
  );

  it('what runs behind a call that wrote garbage is not run again', async () => {
    await inApp(async (app) => {
      const ledger = new Ledger();
      const run = (line: string, spoils = false) =>
        app.executor.run(enterAndSpoil, ledger.file, line, spoils);
      await learnShort(app, () => run('warm'));
      ledger.clear();
      await within(Promise.allSettled([run('spoils', true), run('second'), run('third'), run('fourth')]));
      expect(ledger.lines).toEqual([...new Set(ledger.lines)]);
      await isSound(app);
    });
  });

  it('a crash in the middle of writing a large result', async () => {
    await inApp(async (app) => {
      const error = await rejection<ExecutorWorkerLostError>(
        app.executor.run(diesWhileWriting, 64 * 1024 * 1024),
      );
      expect(error).toBeInstanceOf(ExecutorWorkerLostError);
      await isSound(app);
    });
  });

  it('a result that cannot be decoded costs its own call', async () => {
    await withApp({ kind: 'process', context: false }, async (app) => {
      const error = await rejection<ExecutorSerializationError>(app.executor.run(repliesNonsense));
      expect(error).toBeInstanceOf(ExecutorSerializationError);
      expect(error.subject).toBe('result');
      expect(error.message).toContain('cannot be decoded');
      await isSound(app);
      expect(app.executor.stats()).toMatchObject({ failed: 1, lost: 0 });
    });
  });

  it('garbage, a frame that claims 4 GiB, a truncated frame, a reply that nobody asked for: the worker is dropped', async () => {
    await inApp(async (app) => {
      for (const what of BAD_FRAMES) {
        const error = await rejection<ExecutorWorkerLostError>(app.executor.run(writesToPipe, what));
        expect(error, what).toBeInstanceOf(ExecutorWorkerLostError);
        expect((error.cause as Error).name, what).toBe('ProtocolError');
        await isSound(app);
      }
    });
  });
});
