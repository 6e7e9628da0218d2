import type { Channel } from '../wire/channel.js';
import { message, MessageType } from '../wire/messages.js';
import { announceCall, beginCall, currentCall } from './current-call.js';
import type { Invoke } from './worker-context.js';

/** Says that calls begin, where the parent cannot know that from when it handed them over; all within the call. */
export class StartAnnouncer {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Says so, and begins. */
  start(seq: number, invoke: Invoke, args: readonly unknown[]): unknown {
    this.#send(seq);
    if (!this.#channel.isFlushed) return this.#whenFlushed().then(() => this.begin(invoke, args));
    beginCall();
    return invoke(args);
  }

  /** Only says so: what was not said to have begun is run again elsewhere if the worker ends. Resolves when that has left. */
  async announce(seq: number): Promise<void> {
    await this.#whenFlushed();
    currentCall()?.signal.throwIfAborted();
    this.#send(seq);
    await this.#whenFlushed();
  }

  /** After it had to wait: if nobody waits for it any more, what has not begun must not begin. */
  begin(invoke: Invoke, args: readonly unknown[]): unknown {
    currentCall()?.signal.throwIfAborted();
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
