import { sharedState } from '../shared-state.js';
import { setTimeout } from '../node-timers.js';

/** A few buffers, each listed once. */
export type Buffers = readonly ArrayBufferLike[];

/** How long the last mark is held at most, in ms. */
const LAST_MS = 1_000;

interface Mark {
  readonly value: object;
  readonly buffers: Buffers;
}

/** What is to be moved. */
class Marks {
  /**
   * The one that was set last, which is most often the next to be looked up: an entry in a WeakMap costs about as much
   * as everything else that is done for a moved buffer.
   */
  last: Mark | undefined;
  #isTimed = false;
  readonly earlier = new WeakMap<object, Buffers>();
  /** Most applications never move anything: then nothing need be looked up. */
  isUsed = false;

  set(mark: Mark): void {
    this.#putAside();
    this.last = mark;
    this.isUsed = true;
    // What is never sent must not be kept alive by its mark.
    if (this.#isTimed) return;
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#putAside();
    }, LAST_MS).unref();
  }

  #putAside(): void {
    if (this.last) this.earlier.set(this.last.value, this.last.buffers);
    this.last = undefined;
  }

  get(value: object): Buffers | undefined {
    return this.last?.value === value ? this.last.buffers : this.earlier.get(value);
  }

  delete(value: object): void {
    if (this.last?.value === value) this.last = undefined;
    this.earlier.delete(value);
  }
}

const marks = sharedState('moving', () => new Marks());

/**
 * Marks an argument or a result so that the given buffers in it are moved instead of copied. Afterwards they are empty
 * (detached). Without `buffers`, the value itself must be an ArrayBuffer or a view of one.
 *
 * A moved argument cannot be sent twice: a call with `retries` refuses it. Small Buffers that Node cuts from a common
 * slab (`Buffer.from('text')`) cannot be moved: they are copied.
 *
 * @returns the value itself
 * @throws TypeError if the value is not an object, `buffers` is not a list, or a buffer is neither an ArrayBuffer nor a view of one
 * @publicApi
 */
export function transfer<T extends object>(
  value: T,
  buffers: readonly (ArrayBuffer | ArrayBufferView)[] = [value as unknown as ArrayBuffer],
): T {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError('transfer() takes an object that holds buffers');
  }
  if (!Array.isArray(buffers)) {
    throw new TypeError('transfer() takes the buffers as a list: transfer(value, [buffer])');
  }
  const owners = buffers.map((buffer) => (ArrayBuffer.isView(buffer) ? buffer.buffer : buffer));
  for (const owner of owners) {
    if (!(owner instanceof ArrayBuffer)) {
      throw new TypeError(
        'transfer() can move ArrayBuffers and views of them: pass them as its second argument',
      );
    }
  }
  marks.set({ value, buffers: owners.length === 1 ? owners : [...new Set(owners)] });
  return value;
}

/** The buffers to move with these values; `undefined` if there are none. */
export function takeMoving(values: readonly unknown[]): Buffers | undefined {
  if (!marks.isUsed) return undefined;
  let all: Buffers | undefined;
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue;
    const buffers = marks.get(value);
    if (buffers && buffers.length > 0) all = all ? [...new Set([...all, ...buffers])] : buffers;
  }
  return all;
}

/** These values were moved or refused: if they are used again, none of their buffers are moved. */
export function forgetMoved(values: readonly unknown[]): void {
  if (!marks.isUsed) return;
  for (const value of values) if (typeof value === 'object' && value !== null) marks.delete(value);
}

/** Takes over the memory: the given buffer is detached, or copied if it cannot be moved. */
export function takeOver(buffer: ArrayBuffer): Uint8Array {
  try {
    return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }));
  } catch {
    // The slab that small Buffers share: newer Nodes refuse to move it, older ones copy it.
    return new Uint8Array(buffer.slice());
  }
}
