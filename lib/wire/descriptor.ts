import { readSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';

/** How much is read at once, in bytes: as much as a stream does. */
const CHUNK_BYTES = 64 * 1024;

/** Most often nothing is there. */
const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

/** What a write fails with when the other side is gone. */
const GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET']);

/**
 * A socket's descriptor, past its stream: what fits into the pipe is written at once and directly, which costs about half as
 * much. And it ends nothing: a stream that cannot write any more is at its end, with all that is still to be read.
 */
export class Descriptor {
  readonly #socket: Socket;
  readonly #fd: number;
  #isBroken = false;

  constructor(socket: Socket, fd: number) {
    this.#socket = socket;
    this.#fd = fd;
  }

  /** Nobody reads what is written any more. What the other side wrote before can still be read, and then the end. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** @returns how many of the first `length` bytes the kernel has taken; the rest has to wait for room */
  write(bytes: Uint8Array, length = bytes.byteLength): number {
    // The number may be another file's by now; and what waits already goes first.
    if (this.#socket.destroyed || this.#socket.writableLength > 0) return 0;
    try {
      return writeSync(this.#fd, bytes, 0, length);
    } catch (error) {
      // Else it is full, or the stream will tell.
      this.#isBroken = GONE.has((error as NodeJS.ErrnoException).code);
      return 0;
    }
  }

  /** @returns what lies in the pipe; `undefined` if there is nothing, or only its end or an error, which the stream tells */
  read(): Buffer | undefined {
    const bytes = this.#socket.destroyed ? 0 : this.#readChunk();
    return bytes === 0 ? undefined : Buffer.from(chunk.subarray(0, bytes));
  }

  #readChunk(): number {
    try {
      return readSync(this.#fd, chunk);
    } catch {
      return 0;
    }
  }
}

/** Where Node says so: not on Windows. */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as { _handle?: { fd?: unknown } | null };
  return typeof handle?.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
