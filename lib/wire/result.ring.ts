/** How much room there is for results, in bytes: some hundred small ones. */
const RING_BYTES = 64 * 1024;

/** Longer results, in UTF-16 units, are posted: copying them twice would cost more than a message. */
const MAX_UNITS = 512;
const MAX_BYTES_PER_UNIT = 3;

/** An entry: i32 bytes of its text, i32 seq, f64 ms, then the text, up to a multiple of 8. */
const ENTRY_BYTES = 16;

/** Stands for the rest of the ring, where an entry did not fit. */
const SKIP = -1;

// Cells, in front of the entries.
const WRITTEN = 0;
const READ = 1;
const AWAKE = 2;
const FRONT_BYTES = 16;

/** Hands a result on. */
export type TakeResult = (seq: number, ms: number, head: string) => void;

/**
 * Results of short calls, from a thread to its parent, through shared memory: while the parent is awake, no message
 * need be posted. One writes, one reads; both positions only grow, modulo 2^32. The writer writes an entry, then looks
 * whether the reader is awake; the reader falls asleep, then looks whether something was written: so one of
 * them sees the other.
 */
export class ResultRing {
  readonly #cells: Int32Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #text: Buffer;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(FRONT_BYTES + RING_BYTES)) {
    this.#cells = new Int32Array(memory, 0, FRONT_BYTES / 4);
    this.#words = new Int32Array(memory, FRONT_BYTES);
    this.#times = new Float64Array(memory, FRONT_BYTES);
    this.#text = Buffer.from(memory, FRONT_BYTES);
  }

  get isAwake(): boolean {
    return Atomics.load(this.#cells, AWAKE) === 1;
  }

  set isAwake(value: boolean) {
    Atomics.store(this.#cells, AWAKE, value ? 1 : 0);
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#cells, WRITTEN) === Atomics.load(this.#cells, READ);
  }

  /** @returns whether there was room */
  write(seq: number, ms: number, head: string): boolean {
    if (head.length > MAX_UNITS) return false;
    const most = padded(ENTRY_BYTES + head.length * MAX_BYTES_PER_UNIT);
    let written = Atomics.load(this.#cells, WRITTEN);
    const free = RING_BYTES - ((written - Atomics.load(this.#cells, READ)) >>> 0);
    let at = (written >>> 0) % RING_BYTES;
    const rest = RING_BYTES - at;
    if (rest < most) {
      if (free < rest + most) return false;
      this.#words[at >> 2] = SKIP;
      written += rest;
      at = 0;
    } else if (free < most) {
      return false;
    }
    const bytes = this.#text.write(head, at + ENTRY_BYTES, 'utf8');
    this.#words[at >> 2] = bytes;
    this.#words[(at >> 2) + 1] = seq;
    this.#times[(at >> 3) + 1] = ms;
    Atomics.store(this.#cells, WRITTEN, (written + padded(ENTRY_BYTES + bytes)) | 0);
    return true;
  }

  /**
   * Takes out what is there, up to so many results.
   * @returns how many there were
   */
  read(limit: number, take: TakeResult): number {
    const written = Atomics.load(this.#cells, WRITTEN);
    let read = Atomics.load(this.#cells, READ);
    let count = 0;
    while (read !== written && count < limit) {
      const at = (read >>> 0) % RING_BYTES;
      const bytes = this.#words[at >> 2] as number;
      if (bytes === SKIP) {
        read = (read + RING_BYTES - at) | 0;
        continue;
      }
      const seq = this.#words[(at >> 2) + 1] as number;
      const ms = this.#times[(at >> 3) + 1] as number;
      const head = this.#text.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + bytes);
      read = (read + padded(ENTRY_BYTES + bytes)) | 0;
      count++;
      // Before it is handed on: whoever takes it may read on himself.
      Atomics.store(this.#cells, READ, read);
      take(seq, ms, head);
      read = Atomics.load(this.#cells, READ);
    }
    return count;
  }
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}
