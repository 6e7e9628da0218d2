import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '../../lib/wire/channel.js';
import { message, MessageType } from '../../lib/wire/messages.js';
import { PipeChannel } from '../../lib/wire/pipe.channel.js';
import { within } from '../support/deadline.js';

const LARGE = { head: Buffer.alloc(300_000), attachments: [], moves: false };

/** Both ends of a socket. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [other] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [client, other];
}

function withoutMemory(): void {
  vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation(() => {
    throw new RangeError('Array buffer allocation failed');
  });
}

describe('a pipe, where there is no memory for a message', () => {
  const open: Socket[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    for (const socket of open.splice(0)) socket.destroy();
  });

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
