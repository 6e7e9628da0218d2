import { types } from 'node:util';

type ViewClass = (new (buffer: ArrayBufferLike, offset?: number, length?: number) => ArrayBufferView) & {
  readonly BYTES_PER_ELEMENT?: number;
};

/** A view's class is sent as its place here: append only. Float16Array is missing from older Nodes. */
const VIEW_CLASSES: readonly (ViewClass | undefined)[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
  (globalThis as { Float16Array?: ViewClass }).Float16Array,
] as readonly (ViewClass | undefined)[];
const VIEW_CODES = new Map(VIEW_CLASSES.map((known, code) => [known?.name, code]));

/** Of a typed array's own class, whatever stands in its prototype. */
const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as () => string;

const BUFFER = 255;
/** An ArrayBuffer or SharedArrayBuffer itself, not a view of one. */
export const MEMORY = 254;

/** What of a value is sent as bytes. */
export type Bytes = ArrayBufferView | ArrayBuffer;

export function viewCode(value: Bytes): number {
  if (Buffer.isBuffer(value)) return BUFFER;
  if (!ArrayBuffer.isView(value)) return MEMORY;
  // By its name, as it may be of another realm.
  const code = VIEW_CODES.get(types.isDataView(value) ? 'DataView' : nameOf.call(value));
  return code ?? 0;
}

export function bytesOf(value: Bytes): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/**
 * The value of that class over these bytes, without copying.
 * @throws if the class is not known here
 */
export function viewOver(code: number, buffer: ArrayBufferLike, offset: number, bytes: number): object {
  if (code === BUFFER) return Buffer.from(buffer as ArrayBuffer, offset, bytes);
  if (code === MEMORY) return buffer;
  const View = VIEW_CLASSES[code];
  if (!View) throw new Error(`unknown class of views (${code})`);
  return new View(buffer, offset, bytes / (View.BYTES_PER_ELEMENT ?? 1));
}
