import type { Message } from './messages.js';

/** Two-way, in order, to one worker or from one. */
export interface Channel {
  /**
   * Never throws: what cannot be sent any more is dropped, and the end of the channel tells.
   * @param atOnce together with all that still waits for the end of the tick
   */
  send(message: Message, atOnce?: boolean): void;
  /**
   * @param onMessage called in order
   * @param onEnd called once, when nothing more will come; with an error if the other side broke the protocol
   */
  listen(onMessage: (message: Message) => void, onEnd: (error?: Error) => void): void;
  /** Whether all that was sent has left. */
  readonly isFlushed: boolean;
  /** Calls back when all that was sent has left. */
  finish(callback: () => void): void;
  close(): void;
}

/** The other side sent what no worker of ours sends. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
