import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { RemoteWorker } from '../../lib/hosts/remote-worker.js';
import type { CallTarget, HostCall, WorkerListener } from '../../lib/hosts/worker-host.interface.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { Codec } from '../../lib/wire/codec.js';
import { type Message, MessageType } from '../../lib/wire/messages.js';
import { PortChannel } from '../../lib/wire/port.channel.js';
import { until } from '../support/deadline.js';

it('a target that may not have been loaded is defined again, under its number, and announced', async () => {
  const { port1, port2 } = new MessageChannel();
  const [parent, worker] = [new PortChannel(port1), new PortChannel(port2)];
  const received: Message[] = [];
  worker.listen(
    (message) => received.push(message),
    () => {},
  );
  const remote = new RemoteWorker(parent, {} as WorkerListener, new Codec(new SharedErrorClasses()));
  const target: CallTarget = {
    label: 'work()',
    definition: { reference: { file: 'file:///work.js', exportName: 'work' } },
    usualTime: undefined,
    invoke: () => undefined,
  };
  const args = { head: '[]', attachments: [], moves: false };
  const handOver = (turn: number) => {
    const call: HostCall = {
      id: turn,
      turn,
      target,
      self: undefined,
      args,
      signals: 0,
      attempt: 1,
      timeout: 0,
    };
    return remote.start(call, false);
  };
  expect([handOver(1), handOver(2)]).toEqual([true, false]);
  remote.forget(target);
  expect([handOver(3), handOver(4)]).toEqual([true, false]);
  await until(() => received.length === 6, 'the messages');
  const { define, call } = MessageType;
  expect(received.map(({ type }) => type)).toEqual([define, call, call, define, call, call]);
  expect(new Set(received.map((message) => message.target)).size).toBe(1);
  parent.close();
  worker.close();
});
