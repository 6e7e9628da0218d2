import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { RemoteWorker } from '../../lib/hosts/remote-worker.js';
import type { CallTarget, HostCall, WorkerListener } from '../../lib/hosts/worker-host.interface.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { Codec } from '../../lib/wire/codec.js';
import { type Message, MessageType } from '../../lib/wire/messages.js';
import { PortChannel } from '../../lib/wire/port.channel.js';
import type { WorkerPlan } from '../../lib/wire/worker-plan.js';
import { until } from '../support/deadline.js';

const TARGET: CallTarget = {
  label: 'work()',
  definition: { reference: { file: 'file:///work.js', exportName: 'work' } },
  usualTime: undefined,
  invoke: () => undefined,
};

const ARGS = { head: '[]', attachments: [], moves: false };

/** Two calls, then two after the target was forgotten: whether each is announced, and what the worker is sent. */
async function handOverTwice(plan?: WorkerPlan): Promise<{ announced: boolean[]; received: Message[] }> {
  const { port1, port2 } = new MessageChannel();
  const [parent, worker] = [new PortChannel(port1), new PortChannel(port2)];
  const received: Message[] = [];
  worker.listen(
    (message) => received.push(message),
    () => {},
  );
  const remote = new RemoteWorker(parent, {} as WorkerListener, new Codec(new SharedErrorClasses()));
  if (plan) remote.boot(plan);
  const handOver = (seq: number) => {
    const call = { id: seq, seq, target: TARGET, self: undefined, args: ARGS, signals: 0 };
    return remote.start({
      ...call,
      attempt: 1,
      timeout: 0,
      mayStepBack: false,
      isLeased: false,
    } satisfies HostCall);
  };
  const announced = [handOver(1), handOver(2)];
  remote.forget(TARGET);
  announced.push(handOver(3), handOver(4));
  remote.close();
  await until(() => received.at(-1)?.type === MessageType.close, 'the messages');
  parent.close();
  worker.close();
  return { announced, received };
}

it('a target that may not have been loaded is defined again, under its number, and announced', async () => {
  const { announced, received } = await handOverTwice();
  expect(announced).toEqual([true, false, true, false]);
  const { define, call, close } = MessageType;
  expect(received.map(({ type }) => type)).toEqual([define, call, call, define, call, call, close]);
  expect(new Set(received.slice(0, -1).map(({ target }) => target)).size).toBe(1);
});

it('with several calls at a time all are announced, and a target is defined once', async () => {
  const { announced, received } = await handOverTwice({
    pool: 'pool',
    pools: ['pool'],
    defaultPool: 'pool',
    concurrency: 2,
    bootTimeout: 1_000,
    memoryMb: undefined,
    hasNest: true,
    context: undefined,
    providers: [],
  });
  expect(announced).toEqual([true, true, true, true]);
  const { boot, define, call, close } = MessageType;
  expect(received.map(({ type }) => type)).toEqual([boot, define, call, call, call, call, close]);
});
