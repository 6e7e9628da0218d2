import { Deserializer, Serializer } from 'node:v8';
import {
  classifyError,
  emptyError,
  type ErrorClasses,
  type ErrorRecord,
  fillError,
  recordError,
  withoutFrames,
} from './error-record.js';
import { isError } from './survey.js';
import { moveBuffer } from './transfer.js';

/** From this size on, in bytes, a buffer travels beside the head instead of inside it. */
const ATTACHMENT_BYTES = 32 * 1024;

const INLINE = 0;
const ATTACHED = 1;
const ERROR = 2;
const ERROR_AGAIN = 3;
const DOM_EXCEPTION = 4;
const MOVED = 5;

/** Errors within errors, deeper than this, are sent without what they hold: reading them back takes stack. */
const MAX_ERROR_DEPTH = 100;

type ViewClass = (new (buffer: ArrayBuffer, offset?: number, length?: number) => ArrayBufferView) & {
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
];
const BUFFER = 255;

/** Stands for an error in the graph: V8 hands only views to `_writeHostObject`. */
class ErrorMark extends Uint8Array {
  constructor(readonly error: object) {
    super(0);
  }
}

export class BinaryWriter extends Serializer {
  readonly unlearnt = new Set<object>();
  readonly #attachments: Uint8Array[] = [];
  readonly #classes: ErrorClasses;
  /** Where among the attachments each moved buffer is. */
  readonly #moving = new Map<ArrayBufferLike, number>();
  #errorDepth = 0;
  readonly #errors = new Map<object, number>();
  readonly #copies = new Map<object, object>();

  /** @param moving buffers that are taken over instead of copied */
  constructor(classes: ErrorClasses, moving?: ReadonlySet<ArrayBufferLike>) {
    super();
    this.#classes = classes;
    (this as unknown as ViewSwitch)._setTreatArrayBufferViewsAsHostObjects(true);
    for (const buffer of moving ?? []) {
      const index = this.#attachments.push(new Uint8Array(buffer)) - 1;
      this.#moving.set(buffer, index);
      this.transferArrayBuffer(index, buffer as ArrayBuffer);
    }
  }

  /** Encodes a value that may hold errors, by way of a copy in which marks stand for them. */
  writeWithErrors(value: unknown): void {
    this.writeValue(this.#mark(value));
  }

  /** Moves at the very end: until then the value may still be refused, and must stay whole. */
  takeAttachments(): Uint8Array[] {
    return this.#attachments.map((bytes) =>
      this.#moving.has(bytes.buffer) ? new Uint8Array(moveBuffer(bytes.buffer as ArrayBuffer)) : bytes,
    );
  }

  /** Called by V8 for every view. */
  _writeHostObject(view: ArrayBufferView): void {
    if (view instanceof ErrorMark) this.#writeError(view.error);
    else this.#writeView(view);
  }

  #writeView(view: ArrayBufferView): void {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const moved = this.#moving.get(view.buffer);
    if (moved !== undefined) {
      for (const number of [MOVED, viewCode(view), moved, view.byteOffset, bytes.byteLength])
        this.writeUint32(number);
      return;
    }
    const attach = bytes.byteLength >= ATTACHMENT_BYTES;
    this.writeUint32(attach ? ATTACHED : INLINE);
    this.writeUint32(viewCode(view));
    this.writeUint32(attach ? this.#attachments.length : bytes.byteLength);
    if (attach) this.#attachments.push(bytes.slice());
    else this.writeRawBytes(bytes);
  }

  #writeError(error: object): void {
    const known = this.#errors.get(error);
    if (known !== undefined) {
      this.writeUint32(ERROR_AGAIN);
      this.writeUint32(known);
      return;
    }
    if (error instanceof DOMException) {
      this.writeUint32(DOM_EXCEPTION);
      this.writeValue([error.message, error.name, error.stack]);
      return;
    }
    this.#errors.set(error, this.#errors.size);
    this.writeUint32(ERROR);
    const record = recordError(error, this.#classes, this.unlearnt);
    this.#errorDepth++;
    this.writeWithErrors(this.#errorDepth > MAX_ERROR_DEPTH ? { ...record, own: [] } : record);
    this.#errorDepth--;
  }

  #mark(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    // A fresh mark each time: V8 would refer to the first one, which is not yet read when an error holds itself.
    if (isError(value)) return new ErrorMark(value);
    const known = this.#copies.get(value);
    if (known) return known;
    if (value instanceof Map) {
      const copy = this.#remember(value, new Map<unknown, unknown>());
      for (const [key, entry] of value) copy.set(this.#mark(key), this.#mark(entry));
      return copy;
    }
    if (value instanceof Set) {
      const copy = this.#remember(value, new Set<unknown>());
      for (const entry of value) copy.add(this.#mark(entry));
      return copy;
    }
    if (!Array.isArray(value) && Object.prototype.toString.call(value) !== '[object Object]') return value;
    const copy = this.#remember(value, Array.isArray(value) ? Array.from({ length: value.length }) : {});
    for (const [key, property] of Object.entries(value)) {
      Object.defineProperty(copy, key, {
        value: this.#mark(property),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return copy;
  }

  #remember<T extends object>(original: object, copy: T): T {
    this.#copies.set(original, copy);
    return copy;
  }
}

export class BinaryReader extends Deserializer {
  /** Classes that must be looked up before the value is complete. */
  readonly pending: Promise<unknown>[] = [];
  readonly #attachments: readonly Uint8Array[];
  readonly #classes: ErrorClasses;
  readonly #errors: Error[] = [];

  constructor(head: Uint8Array, attachments: readonly Uint8Array[], classes: ErrorClasses) {
    super(head);
    attachments.forEach((bytes, index) => this.transferArrayBuffer(index, bytes.buffer as ArrayBuffer));
    this.#attachments = attachments;
    this.#classes = classes;
  }

  /** Called by V8 for what `_writeHostObject` wrote. */
  _readHostObject(): object {
    const kind = this.readUint32();
    if (kind === ERROR) return this.#readError();
    if (kind === DOM_EXCEPTION) {
      return makeDomException(this.readValue() as [string, string, string]);
    }
    if (kind === ERROR_AGAIN) return present(this.#errors[this.readUint32()]);
    const code = this.readUint32();
    const number = this.readUint32();
    if (kind === ATTACHED) return makeView(code, present(this.#attachments[number]));
    if (kind === MOVED) return this.#readMoved(code, present(this.#attachments[number]));
    const bytes = this.readRawBytes(number);
    if (code === BUFFER) return Buffer.from(bytes);
    return makeView(code, Uint8Array.prototype.slice.call(bytes));
  }

  #readMoved(code: number, { buffer }: Uint8Array): object {
    const offset = this.readUint32();
    const bytes = this.readUint32();
    if (code === BUFFER) return Buffer.from(buffer as ArrayBuffer, offset, bytes);
    const View = present(VIEW_CLASSES[code]);
    return new View(buffer as ArrayBuffer, offset, bytes / (View.BYTES_PER_ELEMENT ?? 1));
  }

  #readError(): Error {
    const error = emptyError();
    this.#errors.push(error);
    const record = this.readValue() as ErrorRecord;
    fillError(error, record);
    const found = this.#classes.find(record.class);
    if (found instanceof Promise) {
      this.pending.push(found.then((errorClass) => classifyError(error, errorClass, record.name)));
    } else {
      classifyError(error, found, record.name);
    }
    return error;
  }
}

/** Its state is not in properties, so that it must be constructed. */
function makeDomException([text, name, stack]: readonly [string, string, string]): DOMException {
  const exception = withoutFrames(() => new DOMException(text, name));
  Object.defineProperty(exception, 'stack', { value: stack, configurable: true, writable: true });
  return exception;
}

interface ViewSwitch {
  _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
}

function viewCode(view: ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return BUFFER;
  const code = VIEW_CLASSES.findIndex((known) => known && view instanceof known);
  return code < 0 ? 0 : code;
}

/** @param bytes the whole of an ArrayBuffer of its own */
function makeView(code: number, bytes: Uint8Array): object {
  const buffer = bytes.buffer as ArrayBuffer;
  if (code === BUFFER) return Buffer.from(buffer, bytes.byteOffset, bytes.byteLength);
  return new (present(VIEW_CLASSES[code]))(buffer);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unknown record');
  return value;
}
