import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Channel, ProtocolError } from './channel.js';
import { isMessageType, type Message } from './messages.js';

/** A message as it is posted: a flat list is cheaper to clone than an object with names. */
type Packet = readonly [
  type: number,
  id: number,
  target: number,
  attempt: number,
  timeout: number,
  signals: number,
  head: string | Uint8Array | null,
  ...attachments: Uint8Array[],
];

/** Messages over a MessagePort. */
export class PortChannel implements Channel {
  readonly #port: MessagePort;
  #onMessage: ((message: Message) => void) | undefined;
  #onEnd: ((error?: Error) => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  send({ type, id, target, attempt, timeout, signals, payload }: Message): void {
    if (payload === undefined) {
      this.#port.postMessage([type, id, target, attempt, timeout, signals, null], []);
      return;
    }
    const { head, attachments, moves } = payload;
    const transfer = moves ? attachments.map((bytes) => bytes.buffer as ArrayBuffer) : [];
    this.#port.postMessage([type, id, target, attempt, timeout, signals, head, ...attachments], transfer);
  }

  listen(onMessage: (message: Message) => void, onEnd: (error?: Error) => void): void {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#port.on('message', (packet) => this.#receive(packet));
    this.#port.on('messageerror', (error) => this.#end(new ProtocolError(error.message)));
    this.#port.on('close', () => this.#end());
  }

  /** Posting is at once. */
  flush(): void {}

  finish(callback: () => void): void {
    callback();
  }

  drain(): void {
    let entry: { message: unknown } | undefined;
    while ((entry = receiveMessageOnPort(this.#port)) !== undefined) this.#receive(entry.message);
  }

  close(): void {
    this.#onMessage = undefined;
    this.#onEnd = undefined;
    this.#port.close();
  }

  /** Whether the channel keeps the event loop alive. */
  unref(): void {
    this.#port.unref();
  }

  #receive(packet: unknown): void {
    if (!isPacket(packet)) {
      this.#end(new ProtocolError('a message of an unknown shape came from a worker'));
      return;
    }
    const [type, id, target, attempt, timeout, signals, head, ...attachments] = packet;
    if (!isMessageType(type)) {
      this.#end(new ProtocolError(`a message of an unknown type (${type}) came from a worker`));
      return;
    }
    const payload = head === null ? undefined : { head, attachments, moves: false };
    this.#onMessage?.({ type, id, target, attempt, timeout, signals, payload });
  }

  #end(error?: Error): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(error);
  }
}

function isPacket(value: unknown): value is Packet {
  return Array.isArray(value) && value.length >= 7 && typeof value[1] === 'number';
}
