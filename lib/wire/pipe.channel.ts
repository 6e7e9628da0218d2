import type { Socket } from 'node:net';
import { type Channel, ProtocolError } from './channel.js';
import { Descriptor } from './descriptor.js';
import { FrameReader } from './frame.reader.js';
import { inlineAttachments, startBytes, writeStart } from './frame.js';
import type { Message } from './messages.js';
import { oncePerTick } from './once-per-tick.js';

/** What is sent together is gathered up to this size, in bytes: one write is cheaper than many. */
const GATHER_BYTES = 64 * 1024;

/** What a channel can use where it is there. */
interface PipeOptions {
  /** The socket's own. */
  readonly fd?: number | undefined;
  /** Whether the other side may put large buffers into a file, and send where they are. */
  readonly hasFile?: boolean;
  /** Hears of every message as soon as it is read, which may be long before it is delivered. */
  readonly onArrival?: (message: Message) => void;
}

/** Messages over a socket pair; the frames of one tick leave as one write. */
export class PipeChannel implements Channel {
  readonly #socket: Socket;
  readonly #descriptor: Descriptor | undefined;
  readonly #reader: FrameReader;
  #gathered = Buffer.allocUnsafeSlow(GATHER_BYTES);
  #view = new DataView(this.#gathered.buffer);
  #used = 0;
  /** What leaves before what is gathered. */
  #pieces: Uint8Array[] = [];
  readonly #flushLater = oncePerTick(() => this.#flush());
  /** Read and not delivered yet. */
  readonly #arrived: Message[] = [];
  readonly #arrive: (message: Message) => void;
  #isDelivering = false;
  readonly #deliverLater = oncePerTick(() => this.#deliver());
  /** What came behind those that arrived, and is no message. */
  #nonsense: unknown;
  #onMessage: ((message: Message) => void) | undefined;
  #onEnd: ((error?: Error) => void) | undefined;

  constructor(socket: Socket, { fd, hasFile = false, onArrival }: PipeOptions = {}) {
    this.#socket = socket;
    this.#arrive = (message) => {
      onArrival?.(message);
      this.#arrived.push(message);
    };
    this.#descriptor = fd === undefined ? undefined : new Descriptor(socket, fd);
    this.#reader = new FrameReader(hasFile);
  }

  send(message: Message, atOnce = false): void {
    if (this.#isClosed) return;
    try {
      this.#add(message);
      if (atOnce) this.#flush();
      else this.#flushLater();
    } catch (error) {
      this.#fail(error);
    }
  }

  #add(message: Message): void {
    const start = startBytes(message);
    if (start > GATHER_BYTES) {
      this.#seal();
      const piece = Buffer.allocUnsafeSlow(start);
      const end = writeStart(message, piece, new DataView(piece.buffer), 0);
      this.#pieces.push(piece.subarray(0, end));
    } else {
      if (start > GATHER_BYTES - this.#used) this.#seal();
      this.#used = writeStart(message, this.#gathered, this.#view, this.#used);
    }
    for (const bytes of inlineAttachments(message)) this.#append(bytes);
  }

  listen(onMessage: (message: Message) => void, onEnd: (error?: Error) => void): void {
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
      this.#deliver();
    });
    // Losing the other side shows as an error or as an end, in any order: both are the end of the channel.
    this.#socket.on('error', () => this.#end());
    this.#socket.on('end', () => this.#end());
    this.#socket.on('close', () => this.#end());
  }

  /** Reads what lies in the pipe, where the system lets it, and delivers it at the end of the tick. */
  readAhead(): void {
    let chunk: Buffer | undefined;
    while (this.#nonsense === undefined && (chunk = this.#descriptor?.read()) !== undefined) {
      this.#read(chunk);
      this.#deliverLater();
    }
  }

  /** Delivers what lies in the pipe. */
  drain(): void {
    this.readAhead();
    this.#deliver();
  }

  /** Whether all that came in so far were messages, and none was left unread. */
  get isSound(): boolean {
    return this.#nonsense === undefined;
  }

  get isFlushed(): boolean {
    return this.#used === 0 && this.#pieces.length === 0 && this.#socket.writableLength === 0;
  }

  finish(callback: () => void): void {
    this.#flush();
    if (this.#isClosed || this.#socket.writableLength === 0) callback();
    else this.#socket.write('', () => callback());
  }

  close(): void {
    this.#onMessage = undefined;
    this.#onEnd = undefined;
    this.#socket.destroy();
  }

  /** Nothing can be sent any more. */
  get #isClosed(): boolean {
    return this.#socket.destroyed || this.#descriptor?.isBroken === true;
  }

  #flush(): void {
    if (this.#pieces.length > 0) return this.#flushPieces();
    const used = this.#used;
    this.#used = 0;
    if (this.#isClosed || used === 0) return;
    const written = this.#descriptor?.write(this.#gathered, used) ?? 0;
    if (this.#isClosed) return;
    if (written < used) this.#socket.write(this.#gathered.subarray(written, used));
    this.#readBeforeLoss();
    // What the kernel has not taken yet is still read from.
    if (this.#socket.writableLength > 0) this.#renew();
  }

  #flushPieces(): void {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    const first = pieces[0] as Uint8Array;
    const written = this.#descriptor?.write(first) ?? 0;
    if (this.#isClosed) return;
    pieces[0] = first.subarray(written);
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
    this.#readBeforeLoss();
  }

  /** A stream that could not write ends at the end of this tick, with all that is still to be read. */
  #readBeforeLoss(): void {
    if (this.#socket.errored) this.readAhead();
  }

  #append(bytes: Uint8Array): void {
    if (bytes.byteLength > GATHER_BYTES - this.#used) {
      this.#seal();
      this.#pieces.push(bytes);
    } else {
      this.#gathered.set(bytes, this.#used);
      this.#used += bytes.byteLength;
    }
  }

  /** What follows must not be gathered with what is there. */
  #seal(): void {
    if (this.#used === 0) return;
    this.#pieces.push(this.#gathered.subarray(0, this.#used));
    this.#used = 0;
    this.#renew();
  }

  #renew(): void {
    this.#gathered = Buffer.allocUnsafeSlow(GATHER_BYTES);
    this.#view = new DataView(this.#gathered.buffer);
  }

  #read(chunk: Buffer): void {
    if (this.#nonsense !== undefined) return;
    try {
      this.#reader.push(chunk, this.#arrive);
    } catch (error) {
      this.#nonsense = error;
    }
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      // More may arrive meanwhile.
      for (let next = 0; next < this.#arrived.length; next++) {
        this.#onMessage?.(this.#arrived[next] as Message);
      }
    } catch (error) {
      this.#nonsense ??= error;
    }
    this.#arrived.length = 0;
    this.#isDelivering = false;
    if (this.#nonsense !== undefined) this.#fail(this.#nonsense);
  }

  /** A frame is half read or written: what follows would have no meaning. It may have been memory that there was not. */
  #fail(error: unknown): void {
    this.#nonsense ??= error;
    const { message } = error as Error;
    this.#end(error instanceof ProtocolError ? error : new ProtocolError(message, { cause: error }));
    this.#socket.destroy();
  }

  #end(error?: Error): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    this.#onMessage = undefined;
    if (error === undefined && this.#reader.isInsideFrame) {
      onEnd?.(new ProtocolError('the pipe ended inside a frame'));
    } else {
      onEnd?.(error);
    }
  }
}
