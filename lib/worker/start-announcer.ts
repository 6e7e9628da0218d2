import type { Channel } from '../wire/channel.js';
import { message, MessageType } from '../wire/messages.js';
import { announceCall, beginCall } from './current-call.js';
import type { Invoke } from './worker-context.js';
import { eventLoopTurn } from '../node-timers.js';

/** Says that calls begin, where the parent cannot know that from when it handed them over; all within the call. */
export class StartAnnouncer {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Says so, and begins. Throws, or rejects, if it was given up before. */
  start(seq: number, invoke: Invoke, args: readonly unknown[]): unknown {
    this.#send(seq);
    if (this.#channel.isFlushed) return this.begin(invoke, args);
    return this.#whenFlushed().then(() => this.begin(invoke, args));
  }

  /** Only says so, where the event loop may have been blocked since the call was taken up: what has come since is read first. */
  async announceLate(seq: number): Promise<void> {
    await eventLoopTurn();
    await eventLoopTurn();
    await this.announce(seq);
  }

  /** Only says so: what was not said to have begun is run again elsewhere if the worker ends. Resolves when that has left. */
  async announce(seq: number): Promise<void> {
    await this.#whenFlushed();
    this.#send(seq);
    await this.#whenFlushed();
  }

  begin(invoke: Invoke, args: readonly unknown[]): unknown {
    beginCall();
    return invoke(args);
  }

  #send(seq: number): void {
    announceCall();
    // At once, as the method may block the event loop.
    this.#channel.send(message(MessageType.started, seq), true);
  }

  async #whenFlushed(): Promise<void> {
    if (!this.#channel.isFlushed) await new Promise<void>((resolve) => this.#channel.finish(resolve));
  }
}
