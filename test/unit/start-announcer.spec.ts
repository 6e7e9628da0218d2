import { describe, expect, it } from 'vitest';
import type { Channel } from '../../lib/wire/channel.js';
import { type Message, MessageType } from '../../lib/wire/messages.js';
import { RunningCall, runInCall } from '../../lib/worker/current-call.js';
import { StartAnnouncer } from '../../lib/worker/start-announcer.js';
import { observe, rejection, within } from '../support/deadline.js';

const SEQ = 7;

/** A call that announces itself on a channel whose messages leave when the test wants it. */
function announceOnFullChannel() {
  const sent: Message[] = [];
  const waiting: (() => void)[] = [];
  const channel: Channel = {
    isFlushed: false,
    send: (message) => void sent.push(message),
    listen: () => {},
    finish: (then) => void waiting.push(then),
    close: () => {},
  };
  const call = new RunningCall(1, 'pool', 1, 0);
  const announced = observe(runInCall(call, () => new StartAnnouncer(channel).announce(SEQ)));
  const leave = async () => {
    for (const then of waiting.splice(0)) then();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { sent, call, announced, leave };
}

describe('a call whose worker has yet to send what came before', () => {
  it('is said to begin when that has left, and begins when this has left, too', async () => {
    const { sent, announced, leave } = announceOnFullChannel();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual([]);
    await leave();
    expect(sent).toMatchObject([{ type: MessageType.started, seq: SEQ }]);
    expect(announced.isSettled).toBe(false);
    await leave();
    await within(announced.promise);
  });

  it('is not said to begin if it is given up meanwhile', async () => {
    const { sent, call, announced, leave } = announceOnFullChannel();
    const reason = new Error('no longer needed');
    call.abort(reason);
    await leave();
    expect(announced.isSettled).toBe(true);
    expect(await rejection(announced.promise)).toBe(reason);
    expect(sent).toEqual([]);
  });
});
