import { sharedState } from '../shared-state.js';

const moving = sharedState('moving', () => ({
  buffers: new WeakMap<object, ReadonlySet<ArrayBufferLike>>(),
  /** Most applications never move anything: then nothing need be looked up. */
  isUsed: false,
}));

/**
 * Marks an argument or a result so that the given buffers in it are moved instead of copied: they are empty
 * (detached) afterwards. Without `buffers`, the value itself must be an ArrayBuffer or a view of one.
 * A moved argument cannot be sent twice: a call with `retries` refuses it. Small Buffers that Node cuts from a common
 * slab (`Buffer.from('text')`) cannot be moved: they are copied.
 *
 * @returns the value itself
 * @throws TypeError if the value is not an object, or a buffer is neither an ArrayBuffer nor a view of one
 * @publicApi
 */
export function transfer<T extends object>(
  value: T,
  buffers: readonly (ArrayBuffer | ArrayBufferView)[] = [value as unknown as ArrayBuffer],
): T {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError('transfer() takes an object that holds buffers');
  }
  const owners = buffers.map((buffer) => (ArrayBuffer.isView(buffer) ? buffer.buffer : buffer));
  for (const owner of owners) {
    if (!(owner instanceof ArrayBuffer)) {
      throw new TypeError(
        'transfer() can move ArrayBuffers and views of them: pass them as its second argument',
      );
    }
  }
  moving.buffers.set(value, new Set(owners));
  moving.isUsed = true;
  return value;
}

/** The buffers to move with these values; `undefined` where there are none. */
export function takeMoving(values: readonly unknown[]): ReadonlySet<ArrayBufferLike> | undefined {
  if (!moving.isUsed) return undefined;
  let all: ReadonlySet<ArrayBufferLike> | undefined;
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue;
    const buffers = moving.buffers.get(value);
    if (buffers) all = all ? new Set([...all, ...buffers]) : buffers;
  }
  return all;
}

/** Takes the memory over: the given buffer is detached, or copied where it cannot be moved. */
export function takeOver(buffer: ArrayBuffer): Uint8Array {
  try {
    return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }));
  } catch {
    // The slab that small Buffers share: newer Nodes refuse to move it, older ones copy it.
    return new Uint8Array(buffer.slice());
  }
}
