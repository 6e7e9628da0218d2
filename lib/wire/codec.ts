import { ExecutorSerializationError } from '../errors/executor.errors.js';
import { type AttachmentStore, HeapStore } from './attachments.js';
import { BinaryReader, BinaryWriter } from './binary.js';
import { checkSize } from './check-size.js';
import { earlyCollection } from './early-collection.js';
import type { ErrorClasses } from './error-record.js';
import { decodeJson, encodeWithViews } from './json-head.js';
import { NO_ATTACHMENTS, NO_VALUE, type Payload } from './payload.js';
import { adopt } from './realm.js';
import { type Refusal, Survey } from './survey.js';
import { type Buffers, forgetMoved, takeMoving } from './transfer.js';
import { type Bytes, bytesOf } from './views.js';

const HEAP = new HeapStore();

/** A value that came in; not complete before `pending` is settled, where there is one. */
export interface Decoded {
  readonly value: unknown;
  readonly pending: Promise<unknown> | undefined;
}

/**
 * Values and errors to bytes and back, the same for every kind of pool. Encoding takes a snapshot: what
 * happens to the value later is not seen.
 */
export class Codec {
  readonly #classes: ErrorClasses;
  readonly #mostCollected: number | undefined;

  /** @param mostCollected for which buffers that come in memory is collected early: up to that size, in bytes; default: all */
  constructor(classes: ErrorClasses, mostCollected?: number) {
    this.#classes = classes;
    this.#mostCollected = mostCollected;
  }

  /**
   * @param subject how an error names the value: `result`, `argument 1`, …
   * @throws ExecutorSerializationError
   */
  encode(value: unknown, subject: string, store: AttachmentStore = HEAP): Payload {
    return this.#encode(value, subject, store).payload;
  }

  /** Like `encode`, but looks the classes of errors up first where they are not known yet. */
  encodeWithClasses(value: unknown, subject: string, store: AttachmentStore): Payload | Promise<Payload> {
    const { payload, unlearnt } = this.#encode(value, subject, store, true);
    if (unlearnt === undefined || unlearnt.size === 0) return payload;
    store.release(payload.attachments);
    return this.#learnAndEncode(value, subject, store, unlearnt);
  }

  /**
   * An error that cannot be sent as it is: without what hangs on it.
   * @throws ExecutorSerializationError
   */
  encodeBare(error: Error): Payload {
    const survey = new Survey();
    survey.visit(error);
    const draft = { value: error, survey, subject: 'error', store: HEAP, moves: true, moving: undefined };
    return this.#write({ ...draft, isBare: true }).payload;
  }

  /**
   * @param signals the positions that hold an AbortSignal, as bits: they are sent as `null`
   * @throws ExecutorSerializationError that names the argument
   */
  encodeArguments(args: readonly unknown[], signals: number, store: AttachmentStore): Payload {
    const survey = new Survey(store.sharesMemory);
    for (let index = 0; index < args.length; index++) {
      if (isSignal(signals, index)) continue;
      const refusal = guarded(survey, args[index]);
      if (refusal) throw refusalError(`argument ${index + 1}`, refusal);
    }
    const sent = signals === 0 ? args : args.map((value, index) => (isSignal(signals, index) ? null : value));
    const moving = takeMoving(args);
    const moves = moving !== undefined;
    let payload: Payload;
    try {
      payload = this.#write({ value: sent, survey, subject: 'arguments', store, moves, moving }).payload;
    } catch (error) {
      throw moving ? error : (this.#findCulprit(sent) ?? error);
    }
    if (moving) forgetMoved(args);
    return payload;
  }

  /** V8 does not tell which argument it refused: each is tried on its own. */
  #findCulprit(args: readonly unknown[]): unknown {
    for (const [index, value] of args.entries()) {
      try {
        this.encode(value, `argument ${index + 1}`);
      } catch (error) {
        return error;
      }
    }
    return undefined;
  }

  /** @param mayLoad whether the classes of errors may be loaded for that: not where somebody must hear at once */
  decode(payload: Payload, mayLoad = true): Decoded {
    const { head, attachments } = payload;
    if (attachments.length > 0) earlyCollection.cameIn(attachments, this.#mostCollected);
    if (typeof head === 'string') {
      const value = head === '' ? undefined : decodeJson(head, attachments as readonly Uint8Array[]);
      return { value, pending: undefined };
    }
    const reader = new BinaryReader(head, attachments, this.#classes);
    reader.mayLoad = mayLoad;
    reader.readHeader();
    const value: unknown = adopt(reader.readValue());
    const pending = reader.pending.length > 0 ? Promise.all(reader.pending) : undefined;
    return { value, pending };
  }

  async #learnAndEncode(
    value: unknown,
    subject: string,
    store: AttachmentStore,
    unlearnt: ReadonlySet<object>,
  ): Promise<Payload> {
    await Promise.all(Array.from(unlearnt, (errorClass) => this.#classes.learn(errorClass)));
    return this.#encode(value, subject, store).payload;
  }

  /** @param mayWait whether nothing need be moved yet where there are classes to be looked up */
  #encode(value: unknown, subject: string, store: AttachmentStore, mayWait = false): Encoding {
    if (value === undefined) return { payload: NO_VALUE, unlearnt: undefined };
    const survey = new Survey(store.sharesMemory);
    const refusal = guarded(survey, value);
    if (refusal) throw refusalError(subject, refusal);
    const values = [value];
    const moving = takeMoving(values);
    const encoding = this.#write({ value, survey, subject, store, moves: true, moving, mayWait });
    if (!moving || (mayWait && encoding.unlearnt?.size)) return encoding;
    forgetMoved(values);
    // What was moved cannot be encoded again.
    return { payload: encoding.payload, unlearnt: undefined };
  }

  #write(draft: Draft): Encoding {
    const { survey, subject } = draft;
    try {
      const payload = survey.json ? writeJson(draft) : undefined;
      if (payload) return { payload, unlearnt: undefined };
      return this.#writeBinary(draft);
    } catch (cause) {
      if (cause instanceof ExecutorSerializationError) throw cause;
      throw new ExecutorSerializationError(subject, messageOf(cause), { cause });
    }
  }

  #writeBinary(draft: Draft): Encoding {
    const { value, survey, subject, store, moves, moving } = draft;
    const writer = new BinaryWriter(this.#classes, store, moving);
    writer.isBare = draft.isBare === true;
    try {
      writer.writeHeader();
      if (survey.needsMarks) writer.writeWithMarks(value);
      else writer.writeValue(value);
      const head = writer.releaseBuffer();
      checkSize(head, writer.attachments, subject);
      const { unlearnt } = writer;
      if (moving && draft.mayWait && unlearnt.size > 0) {
        writer.discard();
        return { payload: NO_VALUE, unlearnt };
      }
      return { payload: { head, attachments: writer.takeAttachments(), moves }, unlearnt };
    } catch (error) {
      writer.discard();
      throw error;
    }
  }
}

/** A value that was surveyed, and how it is to be written. */
interface Draft {
  readonly value: unknown;
  readonly survey: Survey;
  readonly subject: string;
  readonly store: AttachmentStore;
  /** What the payload says of its attachments. */
  readonly moves: boolean;
  /** Buffers that are taken over instead of copied. */
  readonly moving: Buffers | undefined;
  /** Errors are sent without what hangs on them. */
  readonly isBare?: boolean;
  /** If there are classes of errors to be looked up, nothing is moved: it will be encoded again. */
  readonly mayWait?: boolean;
}

/** Each buffer that is moved is looked for among all views: more are quicker in the binary format. */
const MOST_MOVED_AS_JSON = 256;

/** Each travels on its own: in the binary format, small ones do not. */
const MOST_VIEWS_AS_JSON = 100_000;

/** @returns `undefined` where JSON cannot tell what is moved, or would not do */
function writeJson({ value, survey, subject, store, moves, moving }: Draft): Payload | undefined {
  if (!survey.hasViews) {
    if (moving) return undefined;
    const text = JSON.stringify(value);
    checkSize(text, NO_ATTACHMENTS, subject);
    return { head: text, attachments: NO_ATTACHMENTS, moves };
  }
  if (moving && moving.length > MOST_MOVED_AS_JSON) return undefined;
  const { head, views } = encodeWithViews(value);
  if (views.length > MOST_VIEWS_AS_JSON) return undefined;
  if (moving && !movesWhole(moving, views)) return undefined;
  // Before any is kept: a detached one throws.
  const parts = views.map(bytesOf);
  checkSize(head, parts, subject);
  const attachments = parts.map((bytes) => {
    const isMoved = moving !== undefined && moving.includes(bytes.buffer);
    return isMoved ? store.move(bytes) : store.keep(bytes);
  });
  return { head, attachments, moves };
}

/** Whether each buffer that is moved is just one of the views, from its first byte to its last. */
function movesWhole(moving: Buffers, views: readonly Bytes[]): boolean {
  for (const memory of moving) {
    let count = 0;
    for (const view of views) {
      if (memoryOf(view) !== memory) continue;
      if (view.byteLength !== memory.byteLength) return false;
      count++;
    }
    if (count !== 1) return false;
  }
  return true;
}

function memoryOf(view: Bytes): ArrayBufferLike {
  return ArrayBuffer.isView(view) ? view.buffer : view;
}

interface Encoding {
  readonly payload: Payload;
  readonly unlearnt: ReadonlySet<object> | undefined;
}

/** Arguments from this position on cannot be live signals. */
export const MAX_SIGNAL_ARGUMENTS = 31;

export function isSignal(signals: number, index: number): boolean {
  return index < MAX_SIGNAL_ARGUMENTS && ((signals >>> index) & 1) === 1;
}

function guarded(survey: Survey, value: unknown): Refusal | undefined {
  try {
    return survey.visit(value);
  } catch (error) {
    return { path: '', why: messageOf(error) };
  }
}

/** How much of a path an error shows, in characters. */
const MAX_PATH_LENGTH = 120;

function refusalError(subject: string, refusal: Refusal): ExecutorSerializationError {
  const { path } = refusal;
  const shown = path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
  const where = path === '' ? subject : `${subject} (at ${shown})`;
  return new ExecutorSerializationError(where, `${refusal.why}.`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
