import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { RemoteWorker } from '../../lib/hosts/remote-worker.js';
import type { CallTarget, HostCall, WorkerListener } from '../../lib/hosts/worker-host.interface.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { HeapStore } from '../../lib/wire/attachments.js';
import type { Channel } from '../../lib/wire/channel.js';
import { Codec } from '../../lib/wire/codec.js';
import { MemoryMarks } from '../../lib/wire/marks.js';
import { type Message, MessageType } from '../../lib/wire/messages.js';
import { Session } from '../../lib/worker/session.js';
import { loadNest } from '../../lib/worker/worker-context.js';
import { echo, spin } from '../fixtures/work.js';
import { until } from '../support/deadline.js';

const PLAN = { pool: 'pool', pools: ['pool'], defaultPool: 'pool', concurrency: 1, bootTimeout: 5_000 };
const ARGS = { head: '[]', attachments: [], moves: false };

/** A session and what the parent has of it, and between them what each says, delivered when the test wants it. */
function makeSession({ hasNest = false, end = () => {} } = {}) {
  const said: Message[] = [];
  const sent: Message[] = [];
  const codec = new Codec(new SharedErrorClasses());
  const remote = new RemoteWorker(
    { send: (message: Message) => sent.push(message) } as unknown as Channel,
    {} as WorkerListener,
    codec,
  );
  let receive: ((message: Message) => void) | undefined;
  const hook = { onSaid: (_message: Message) => {} };
  const channel = {
    // As after a call that was not short: the next one starts some turns later.
    isFlushed: false,
    listen: (onMessage: (message: Message) => void) => void (receive = onMessage),
    send: (message: Message) => {
      said.push(message);
      hook.onSaid(message);
    },
    finish: (then: () => void) => void setImmediate(then),
    close: () => {},
  } as unknown as Channel;
  const listeners = process.listeners('uncaughtExceptionMonitor');
  const marks = new MemoryMarks();
  new Session(channel, marks, new HeapStore(), (attachments) => attachments, codec, end).open(hasNest);
  onTestFinished(() => {
    for (const listener of process.listeners('uncaughtExceptionMonitor')) {
      if (!listeners.includes(listener)) process.off('uncaughtExceptionMonitor', listener);
    }
  });
  const deliver = () => {
    for (const message of sent.splice(0)) receive?.(message);
  };
  const hasSaid = (type: MessageType, seq = 0) => said.some((one) => one.type === type && one.seq === seq);
  return { remote, deliver, hasSaid, hook };
}

function targetOf(file: string, exportName: string): CallTarget {
  const definition = { reference: { file, exportName } };
  return { label: `${exportName}()`, definition, usualTime: undefined, invoke: () => undefined };
}

function makeCall(seq: number, target: CallTarget, mayStepBack = false): HostCall {
  const call = { id: seq, seq, target, self: undefined, args: ARGS, signals: 0, attempt: 1, timeout: 1_000 };
  return { ...call, mayStepBack, isLeased: false };
}

it('announces the call for which a target was defined anew, though one before it still starts it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'late.cjs');
  const target = targetOf(pathToFileURL(file).href, 'work');
  const { remote, deliver, hasSaid, hook } = makeSession();
  const handOver = (seq: number) => remote.start(makeCall(seq, target, seq > 1));
  remote.boot({ ...PLAN, memoryMb: undefined, hasNest: false, context: undefined, providers: [] });
  deliver();
  await until(() => hasSaid(MessageType.ready), 'the boot');
  const announced = [handOver(1), handOver(2)];
  // The first fails, as its file is not there yet; before the second begins, the parent hears of it, and hands over a third.
  hook.onSaid = ({ type }) => {
    if (type !== MessageType.failure) return;
    writeFileSync(file, 'exports.work = () => 1;');
    remote.forget(target);
    announced.push(handOver(3));
    deliver();
  };
  deliver();
  await until(() => hasSaid(MessageType.result, 3), 'the third result');
  expect(announced).toEqual([true, false, true]);
  expect(hasSaid(MessageType.failure, 1)).toBe(true);
  expect(hasSaid(MessageType.started, 3)).toBe(true);
});

it('that is closed before it is told what to boot ends when what it loads is loaded', async () => {
  const order: string[] = [];
  const loading = loadNest().then(() => order.push('loaded'));
  const { remote, deliver } = makeSession({ hasNest: true, end: () => void order.push('ended') });
  remote.close();
  deliver();
  await loading;
  await until(() => order.includes('ended'), 'its end');
  expect(order).toEqual(['loaded', 'ended']);
});

it('says what it does while it boots, as that may take for ever', async () => {
  const { remote, deliver, hook } = makeSession({ hasNest: true });
  const steps: string[] = [];
  hook.onSaid = ({ type, payload }) => {
    if (type === MessageType.booting) steps.push(String(payload?.head));
  };
  const file = new URL('../fixtures/context.module.js', import.meta.url).href;
  const context = { file, exportName: 'StuckContext' };
  remote.boot({ ...PLAN, memoryMb: undefined, hasNest: true, context, providers: [] });
  deliver();
  await until(() => steps.length === 2, 'both steps');
  expect(steps).toEqual([
    `loading ${file}`,
    'starting StuckContext (constructors, factories and start-up hooks)',
  ]);
});

it('that is closed while it boots ends when it has booted', async () => {
  let isEnded = false;
  const { remote, deliver, hasSaid } = makeSession({ end: () => void (isEnded = true) });
  remote.boot({ ...PLAN, memoryMb: undefined, hasNest: false, context: undefined, providers: [] });
  remote.close();
  deliver();
  await until(() => isEnded, 'its end');
  expect(hasSaid(MessageType.ready)).toBe(true);
});

/** A session that runs several calls at a time and has loaded what they run; the next one's arguments take long to decode. */
async function makeSlowSession(whenDecoded: (session: ReturnType<typeof makeSession>) => void) {
  const session = makeSession();
  const { remote, deliver, hasSaid } = session;
  const plan = { ...PLAN, concurrency: 4, memoryMb: undefined, hasNest: false, context: undefined };
  remote.boot({ ...plan, providers: [] });
  deliver();
  await until(() => hasSaid(MessageType.ready), 'the boot');
  const target = targetOf(new URL('../fixtures/work.js', import.meta.url).href, echo.name);
  const start = (...seqs: number[]) => {
    for (const seq of seqs) remote.start(makeCall(seq, target));
    deliver();
  };
  start(1);
  await until(() => hasSaid(MessageType.result, 1), 'the first result');
  const decode = vi.spyOn(Codec.prototype, 'decode').mockImplementationOnce(() => {
    spin(5);
    setImmediate(() => whenDecoded(session));
    return { value: [], pending: undefined };
  });
  onTestFinished(() => decode.mockRestore());
  return { ...session, start };
}

it('does not begin a call that is withdrawn while its arguments take long to decode', async () => {
  const { start, hasSaid } = await makeSlowSession(({ remote, deliver }) => {
    remote.withdraw(2, ARGS);
    deliver();
  });
  start(2);
  await until(() => hasSaid(MessageType.failure, 2), 'its end');
  expect(hasSaid(MessageType.withdrawn, 2)).toBe(true);
  expect(hasSaid(MessageType.started, 2)).toBe(false);
});

it('begins calls in their order, though the arguments of one take long to decode', async () => {
  const { start, hasSaid, hook } = await makeSlowSession(() => {});
  const begun: number[] = [];
  hook.onSaid = ({ type, seq }) => void (type === MessageType.started && begun.push(seq));
  start(2, 3, 4);
  await until(() => hasSaid(MessageType.result, 4), 'the last result');
  expect(begun).toEqual([2, 3, 4]);
});
