import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '../../lib/wire/channel.js';
import { descriptorOf } from '../../lib/wire/descriptor.js';
import { message, MessageType } from '../../lib/wire/messages.js';
import { PipeChannel } from '../../lib/wire/pipe.channel.js';
import { until, within } from '../support/deadline.js';

const LARGE = { head: Buffer.alloc(300_000), attachments: [], moves: false };

/** What the message of that number holds. */
function textOf(seq: number): string {
  return `${seq} `.repeat(1_000);
}

/** Both ends of a socket. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[other]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ];
  server.close();
  return [client, other];
}

function withoutMemory(): void {
  vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation(() => {
    throw new RangeError('Array buffer allocation failed');
  });
}

const open: Socket[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const socket of open.splice(0)) socket.destroy();
});

/** How the channel at the near end ends. */
async function endOf(act: (near: PipeChannel, far: PipeChannel) => void): Promise<Error | undefined> {
  const [near, far] = await socketPair();
  open.push(near, far);
  const channels = [new PipeChannel(near), new PipeChannel(far)] as const;
  channels[1].listen(
    () => {},
    () => {},
  );
  const end = new Promise<Error | undefined>((resolve) => channels[0].listen(() => {}, resolve));
  act(...channels);
  return within(end);
}

describe('a pipe, where there is no memory for a message', () => {
  it('that is sent: it ends, and nothing is thrown', async () => {
    const error = await endOf((near) => {
      withoutMemory();
      near.send(message(MessageType.result, 1, LARGE));
    });
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error?.message).toMatch(/allocation failed/);
  });

  it('that comes in: it ends, and nothing is thrown', async () => {
    const error = await endOf((_near, far) => {
      far.send(message(MessageType.result, 1, LARGE), true);
      withoutMemory();
    });
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error?.message).toMatch(/allocation failed/);
  });
});

describe('a pipe that is full', () => {
  it.each([
    ['by its stream', false],
    ['by its descriptor', true],
  ])('delivers each message as it was sent %s', async (_how, hasDescriptor) => {
    const [near, far] = await socketPair();
    open.push(near, far);
    const [sender, receiver] = [
      new PipeChannel(near, hasDescriptor ? { fd: descriptorOf(near) } : {}),
      new PipeChannel(far),
    ];
    far.pause();
    let sent = 0;
    const sendInTurn = async () => {
      sender.send(message(MessageType.result, ++sent, { head: textOf(sent), attachments: [], moves: false }));
      await new Promise((resolve) => setImmediate(resolve));
    };
    await until(async () => {
      for (let more = 0; more < 100; more++) await sendInTurn();
      return near.writableLength > 0;
    }, 'a full pipe');
    for (let more = 0; more < 100; more++) await sendInTurn();
    const received: string[] = [];
    const end = new Promise((_resolve, reject) => {
      receiver.listen(({ payload }) => received.push(payload?.head as string), reject);
    });
    far.resume();
    await Promise.race([until(() => received.length === sent, 'all messages'), end]);
    expect(received.findIndex((text, index) => text !== textOf(index + 1))).toBe(-1);
  });
});
