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
import { type Attachment, type AttachmentStore, copyOf } from './attachments.js';
import { setOwn } from './set-own.js';
import { isError, isMadeOfProperties, isPlain } from './survey.js';
import type { Buffers } from './transfer.js';
import { bytesOf, MEMORY, viewCode, viewOver } from './views.js';

/** From this size on, in bytes, a buffer travels beside the head instead of inside it. */
const ATTACHMENT_BYTES = 4 * 1024;

const INLINE = 0;
const ATTACHED = 1;
const ERROR = 2;
const ERROR_AGAIN = 3;
const DOM_EXCEPTION = 4;
const MOVED = 5;
const SHARED = 6;

/** Errors within errors, deeper than this, are sent without what they hold: reading them back takes stack. */
const MAX_ERROR_DEPTH = 100;

/** Stands for an error in the graph: V8 hands only views to `_writeHostObject`. */
class ErrorMark extends Uint8Array {
  constructor(readonly error: object) {
    super(0);
  }
}

/** Stands for shared memory itself. */
class MemoryMark extends Uint8Array {}

export class BinaryWriter extends Serializer {
  readonly unlearnt = new Set<object>();
  /** Errors are sent without what hangs on them. */
  isBare = false;
  readonly #attachments: Attachment[] = [];
  readonly #classes: ErrorClasses;
  readonly #store: AttachmentStore;
  /** Where among the attachments each moved buffer is. */
  readonly #moving = new Map<ArrayBufferLike, number>();
  #errorDepth = 0;
  readonly #errors = new Map<object, number>();
  readonly #copies = new Map<object, object>();

  /** @param moving buffers that are taken over instead of copied */
  constructor(classes: ErrorClasses, store: AttachmentStore, moving?: Buffers) {
    super();
    this.#classes = classes;
    this.#store = store;
    (this as unknown as ViewSwitch)._setTreatArrayBufferViewsAsHostObjects(true);
    for (const buffer of moving ?? []) {
      const index = this.#attachments.push(new Uint8Array(buffer)) - 1;
      this.#moving.set(buffer, index);
      this.transferArrayBuffer(index, buffer as ArrayBuffer);
    }
  }

  /** Encodes a value that may hold errors or shared memory, by way of a copy in which marks stand for them. */
  writeWithMarks(value: unknown): void {
    this.writeValue(this.#mark(value));
  }

  /** What is sent beside the head; what is moved is still the caller's. */
  get attachments(): readonly Attachment[] {
    return this.#attachments;
  }

  /** Moves at the very end: until then the value may still be refused, and must stay whole. */
  takeAttachments(): Attachment[] {
    for (const [buffer, index] of this.#moving) {
      this.#attachments[index] = this.#store.move(new Uint8Array(buffer));
    }
    return this.#attachments;
  }

  /** It is not sent after all. */
  discard(): void {
    this.#store.release(this.#attachments);
  }

  /** Called by V8 for every view, and for objects that are made of native code. */
  _writeHostObject(view: ArrayBufferView): void {
    if (!ArrayBuffer.isView(view)) throw new Error('there is a native object in it, which cannot be copied');
    if (view instanceof ErrorMark) this.#writeError(view.error);
    else this.#writeView(view);
  }

  #writeView(view: ArrayBufferView): void {
    const { buffer, byteOffset, byteLength } = view;
    const moved = this.#moving.get(buffer);
    if (moved !== undefined) {
      return this.#writeNumbers(MOVED, viewCode(view), moved, byteOffset, byteLength);
    }
    if (buffer instanceof SharedArrayBuffer) {
      const code = view instanceof MemoryMark ? MEMORY : viewCode(view);
      return this.#writeNumbers(SHARED, code, this.#share(buffer), byteOffset, byteLength);
    }
    const bytes = bytesOf(view);
    const attach = bytes.byteLength >= ATTACHMENT_BYTES;
    if (attach) {
      this.#writeNumbers(ATTACHED, viewCode(view), this.#attachments.push(this.#store.keep(bytes)) - 1);
    } else {
      this.#writeNumbers(INLINE, viewCode(view), byteLength);
      this.writeRawBytes(bytes);
    }
  }

  /** @returns where the reader finds it */
  #share(memory: SharedArrayBuffer): number {
    const known = this.#attachments.indexOf(memory);
    return known < 0 ? this.#attachments.push(memory) - 1 : known;
  }

  #writeNumbers(...numbers: readonly number[]): void {
    for (const number of numbers) this.writeUint32(number);
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
    const isBare = this.isBare || this.#errorDepth > MAX_ERROR_DEPTH;
    this.writeWithMarks(isBare ? { ...record, own: [] } : record);
    this.#errorDepth--;
  }

  #mark(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    // A fresh mark each time: V8 would refer to the first one, which is not yet read when an error holds itself.
    if (isError(value)) return new ErrorMark(value);
    if (value instanceof SharedArrayBuffer) return new MemoryMark(value as unknown as ArrayBuffer);
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
    if (!isMadeOfProperties(value) || !isPlain(value)) return value;
    const copy = this.#remember(value, Array.isArray(value) ? holes(value.length) : {});
    for (const [key, property] of Object.entries(value)) {
      setOwn(copy, key, this.#mark(property));
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
  mayLoad = true;
  readonly #attachments: readonly Attachment[];
  readonly #classes: ErrorClasses;
  readonly #errors: Error[] = [];

  constructor(head: Uint8Array, attachments: readonly Attachment[], classes: ErrorClasses) {
    super(head);
    this.#attachments = attachments;
    attachments.forEach((_, index) => this.transferArrayBuffer(index, this.#memoryOf(index) as ArrayBuffer));
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
    if (kind === ATTACHED) {
      const bytes = this.#attachments[number] as Uint8Array;
      return viewOver(code, bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    if (kind === MOVED || kind === SHARED) {
      return viewOver(code, this.#memoryOf(number), this.readUint32(), this.readUint32());
    }
    const bytes = copyOf(this.readRawBytes(number));
    return viewOver(code, bytes.buffer, 0, number);
  }

  #memoryOf(index: number): ArrayBufferLike {
    const attachment = present(this.#attachments[index]);
    return attachment instanceof SharedArrayBuffer ? attachment : (attachment as Uint8Array).buffer;
  }

  #readError(): Error {
    const error = emptyError();
    this.#errors.push(error);
    const record = this.readValue() as ErrorRecord;
    fillError(error, record);
    const found = this.#classes.find(record.class, this.mayLoad);
    if (found instanceof Promise) {
      this.pending.push(found.then((errorClass) => classifyError(error, errorClass, record.name)));
    } else {
      classifyError(error, found, record.name);
    }
    return error;
  }
}

function holes(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = length;
  return array;
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

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unknown record');
  return value;
}
