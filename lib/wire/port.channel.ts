import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Attachment, MOVED_BYTES } from './attachments.js';
import { type Channel, ProtocolError } from './channel.js';
import { isMessageType, type Message, MessageType, outcomeMessage } from './messages.js';
import { oncePerTick } from './once-per-tick.js';
import { NO_ATTACHMENTS, type Payload } from './payload.js';
import { type Batch, beginsWithAnswer, FULL, isAnswer, isCall } from './port.batch.js';
import type { ResultRing } from './result.ring.js';
import { RingReader } from './ring.reader.js';
import { takeOver } from './transfer.js';
import { setImmediate } from '../node-timers.js';

/** More buffers than that are copied, too: to look each of them up among the others (see MOVED_BYTES) would take longer. */
const MOST_MOVED = 10_000;

const NOTHING: Batch = [];
const NO_MEMORY: ArrayBuffer[] = [];

/** Which end of the ring for results this is, if there is one. */
interface PortOptions {
  readonly writes?: ResultRing;
  readonly reads?: ResultRing;
}

/** Messages over a MessagePort; those of one tick are posted as one. Results may go by way of a ring instead. */
export class PortChannel implements Channel {
  readonly #port: MessagePort;
  readonly #ring: ResultRing | undefined;
  readonly #reader: RingReader | undefined;
  /** Calls that were sent and not answered. */
  #unanswered = 0;
  #answered = 0;
  /** How many results are still handed out in this turn of the event loop; `undefined` before the first one. */
  #left: number | undefined;
  /** Waits for the next turn, as all that come after it do. */
  #held: { readonly batch: unknown } | undefined;
  #isReferenced = true;
  #isClosed = false;
  readonly #onBatch = (batch: unknown) => this.#receiveInTurn(batch);
  /** Something was posted that must not be overtaken by the result that follows. */
  #mustPost = false;
  #outgoing: Batch = [];
  readonly #flushLater = oncePerTick(() => this.#flush());
  #moving: ArrayBuffer[] = [];
  #onMessage: ((message: Message) => void) | undefined;
  #onEnd: ((error?: Error) => void) | undefined;

  constructor(port: MessagePort, { writes, reads }: PortOptions = {}) {
    this.#port = port;
    this.#ring = writes;
    this.#reader = reads && new RingReader(reads, (seq, ms, head) => this.#deliverResult(seq, ms, head));
  }

  send(sent: Message, atOnce = false): void {
    if (!this.#add(sent)) return;
    if (atOnce) this.#flush();
    else this.#flushLater();
  }

  /** @returns whether there is something to post */
  #add(sent: Message): boolean {
    const { type, seq, id, target, attempt, ms, signals, payload } = sent;
    const head = payload?.head;
    if (type === MessageType.result && this.#writeToRing(sent)) return false;
    this.#mustPost = type !== MessageType.result;
    if (isCall(type)) this.#unanswered++;
    if (typeof head === 'string' && payload?.attachments.length === 0) {
      if (type === MessageType.result) {
        this.#outgoing.push(type, seq, ms, head);
        return true;
      }
      if (isCall(type) && attempt === 1 && ms === 0 && signals === 0) {
        this.#outgoing.push(type, seq, id, target, head);
        return true;
      }
    }
    const attachments = payload?.attachments ?? NO_ATTACHMENTS;
    this.#outgoing.push(FULL, type, seq, id, target, attempt, ms, signals, head ?? null);
    this.#outgoing.push(attachments.length);
    // One by one: there may be more of them than a call can have arguments.
    for (const attachment of attachments) this.#outgoing.push(attachment);
    if (payload?.moves) this.#move(payload);
    return true;
  }

  /** @returns whether the result is on its way */
  #writeToRing({ seq, ms, payload }: Message): boolean {
    const ring = this.#ring;
    if (!ring || this.#mustPost || this.#outgoing.length > 0 || !ring.isAwake) return false;
    if (typeof payload?.head !== 'string' || payload.attachments.length > 0) return false;
    if (!ring.write(seq, ms, payload.head)) return false;
    // It fell asleep meanwhile.
    if (!ring.isAwake) this.#port.postMessage(NOTHING, NO_MEMORY);
    return true;
  }

  /** Hands memory over that nobody needs here any more. */
  #move({ head, attachments }: Payload): void {
    if (typeof head !== 'string') this.#moveBytes(head);
    for (const attachment of attachments) if (attachment instanceof Uint8Array) this.#moveBytes(attachment);
  }

  #moveBytes({ buffer, byteLength }: Uint8Array): void {
    if (byteLength >= MOVED_BYTES && buffer instanceof ArrayBuffer) this.#moving.push(buffer);
  }

  /** Each call was encoded on its own: what is posted together shares nothing. */
  #flush(): void {
    if (this.#outgoing.length === 0) return;
    const outgoing = this.#outgoing;
    const moving = this.#moving;
    this.#outgoing = [];
    this.#moving = [];
    if (moving.length > MOST_MOVED) return this.#postCopies(outgoing, moving);
    try {
      this.#port.postMessage(outgoing, moving);
    } catch {
      this.#postCopies(outgoing, moving);
    }
  }

  /** There are too many, or one cannot be moved, such as the slab that small Buffers share: then nothing has left yet. */
  #postCopies(outgoing: Batch, moving: readonly ArrayBuffer[]): void {
    try {
      this.#port.postMessage(outgoing, NO_MEMORY);
      for (const buffer of moving) takeOver(buffer);
    } catch (error) {
      this.#end(new ProtocolError(`what was to be posted could not be (${(error as Error).message})`));
    }
  }

  get isFlushed(): boolean {
    return this.#outgoing.length === 0;
  }

  finish(callback: () => void): void {
    this.#flush();
    callback();
  }

  listen(onMessage: (message: Message) => void, onEnd: (error?: Error) => void): void {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#port.on('message', this.#onBatch);
    this.#port.on('messageerror', (error) => this.#end(new ProtocolError(error.message)));
    this.#port.on('close', () => this.#end());
  }

  /** Delivers what has arrived but was not handed out yet: after the end of a thread, Node would not. */
  drain(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) this.#receive(held.batch);
    let entry: { message: unknown } | undefined;
    while ((entry = receiveMessageOnPort(this.#port)) !== undefined) this.#receive(entry.message);
    this.#reader?.drain();
  }

  close(): void {
    this.#onMessage = undefined;
    this.#onEnd = undefined;
    this.#isClosed = true;
    this.#held = undefined;
    this.#reader?.stop();
    this.#port.close();
  }

  /** From now on the channel does not keep the event loop alive. */
  unref(): void {
    this.#isReferenced = false;
    this.#port.unref();
  }

  /**
   * Node hands messages out, up to a thousand, as long as some have come, and nothing else has its turn meanwhile: with a busy
   * worker that could take 100 ms. So in each turn of the event loop no more results are handed out than could have come
   * when it began: all that had, so that none is taken for late (see LateTimer).
   */
  #receiveInTurn(batch: unknown): void {
    if (this.#left === undefined && this.#unanswered > 0) this.#beginTurn();
    const isOver = this.#left !== undefined && this.#left <= 0;
    if (isOver && beginsWithAnswer(batch)) {
      this.#held = { batch };
      this.#port.off('message', this.#onBatch);
      return;
    }
    // What is in the ring did not come by the port, and is not counted.
    this.#reader?.drain();
    const before = this.#answered;
    this.#receive(batch);
    if (this.#left !== undefined) this.#left -= this.#answered - before;
  }

  #beginTurn(): void {
    this.#left = this.#unanswered;
    setImmediate(() => {
      this.#left = undefined;
      if (!this.#held) return;
      const { batch } = this.#held;
      this.#held = undefined;
      try {
        // Not counted either: what can have come is known when the next turn begins to read.
        this.#receive(batch);
      } finally {
        this.#resume();
      }
    });
  }

  #resume(): void {
    if (this.#isClosed) return;
    this.#port.on('message', this.#onBatch);
    if (!this.#isReferenced) this.#port.unref();
  }

  #receive(batch: unknown): void {
    if (!Array.isArray(batch)) return this.#end(new ProtocolError('what came is no message'));
    const list = batch as Batch;
    // What is in the ring came first.
    this.#reader?.drain();
    for (let at = 0; at < list.length; at++) {
      const first = list[at];
      if (first === MessageType.result) {
        const seq = list[++at] as number;
        const ms = list[++at] as number;
        this.#deliverResult(seq, ms, String(list[++at]));
      } else if (isCall(first)) {
        const seq = list[++at] as number;
        const id = list[++at] as number;
        const target = list[++at] as number;
        const payload = { head: String(list[++at]), attachments: NO_ATTACHMENTS, moves: false };
        this.#deliver({ type: first, seq, id, target, attempt: 1, ms: 0, signals: 0, payload });
      } else if (first === FULL) {
        at = this.#deliverFull(list, at);
      } else {
        return this.#end(new ProtocolError('a message of an unknown shape came'));
      }
    }
    if (this.#unanswered > 0) this.#reader?.wake();
  }

  #deliverResult(seq: number, ms: number, head: string): void {
    const payload = { head, attachments: NO_ATTACHMENTS, moves: false };
    this.#deliver(outcomeMessage(false, seq, payload, ms));
  }

  /** @returns where it ends */
  #deliverFull(list: Batch, at: number): number {
    const type = list[at + 1];
    if (!isMessageType(type)) {
      this.#end(new ProtocolError(`a message of an unknown type (${String(type)}) came`));
      return list.length;
    }
    const seq = list[at + 2] as number;
    const id = list[at + 3] as number;
    const target = list[at + 4] as number;
    const attempt = list[at + 5] as number;
    const ms = list[at + 6] as number;
    const signals = list[at + 7] as number;
    const head = list[at + 8] as string | Uint8Array | null;
    const end = at + 9 + (list[at + 9] as number);
    let payload: Payload | undefined;
    if (head !== null) {
      const attachments: Attachment[] = [];
      for (let index = at + 10; index <= end; index++) attachments.push(list[index] as Attachment);
      payload = { head, attachments, moves: false };
    }
    this.#deliver({ type, seq, id, target, attempt, ms, signals, payload });
    return end;
  }

  #deliver(received: Message): void {
    if (isAnswer(received.type)) {
      this.#unanswered--;
      this.#answered++;
    }
    this.#onMessage?.(received);
  }

  #end(error?: Error): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(error);
  }
}
