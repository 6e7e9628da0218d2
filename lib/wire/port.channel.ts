import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Channel, ProtocolError } from './channel.js';
import { isMessageType, type Message } from './messages.js';

/** A message as it is posted: a flat list is cheaper to clone than an object with names. */
type Packet = readonly [
  type: number,
  turn: number,
  call: number,
  target: number,
  attempt: number,
  timeout: number,
  signals: number,
  head: string | Uint8Array | null,
  ...attachments: Uint8Array[],
];

/** Messages over a MessagePort; those of one tick are posted as one. */
export class PortChannel implements Channel {
  readonly #port: MessagePort;
  #outgoing: Packet[] = [];
  #moving: ArrayBuffer[] = [];
  #onMessage: ((message: Message) => void) | undefined;
  #onEnd: ((error?: Error) => void) | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  send({ type, turn, call, target, attempt, timeout, signals, payload }: Message): void {
    // process.nextTick, as it runs after the microtasks in which more is sent.
    if (this.#outgoing.length === 0) process.nextTick(() => this.flush());
    if (payload === undefined) {
      this.#outgoing.push([type, turn, call, target, attempt, timeout, signals, null]);
      return;
    }
    const { head, attachments, moves } = payload;
    this.#outgoing.push([type, turn, call, target, attempt, timeout, signals, head, ...attachments]);
    if (moves) for (const bytes of attachments) this.#moving.push(bytes.buffer as ArrayBuffer);
  }

  /** Each call was encoded on its own: what is posted together shares nothing. */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    this.#port.postMessage(this.#outgoing, this.#moving);
    this.#outgoing = [];
    this.#moving = [];
  }

  get isFlushed(): boolean {
    return this.#outgoing.length === 0;
  }

  finish(callback: () => void): void {
    this.flush();
    callback();
  }

  listen(onMessage: (message: Message) => void, onEnd: (error?: Error) => void): void {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#port.on('message', (packets) => this.#receive(packets));
    this.#port.on('messageerror', (error) => this.#end(new ProtocolError(error.message)));
    this.#port.on('close', () => this.#end());
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

  #receive(packets: unknown): void {
    if (!Array.isArray(packets)) return this.#end(new ProtocolError('what came from a worker is no message'));
    for (const packet of packets as readonly unknown[]) {
      if (!isPacket(packet)) {
        return this.#end(new ProtocolError('a message of an unknown shape came from a worker'));
      }
      const [type, turn, call, target, attempt, timeout, signals, head, ...attachments] = packet;
      if (!isMessageType(type)) {
        return this.#end(new ProtocolError(`a message of an unknown type (${type}) came from a worker`));
      }
      const payload = head === null ? undefined : { head, attachments, moves: false };
      this.#onMessage?.({ type, turn, call, target, attempt, timeout, signals, payload });
    }
  }

  #end(error?: Error): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(error);
  }
}

function isPacket(value: unknown): value is Packet {
  return Array.isArray(value) && value.length >= 8 && typeof value[1] === 'number';
}
