import { ExecutorSerializationError } from '../errors/executor.errors.js';
import { BinaryReader, BinaryWriter } from './binary.js';
import type { ErrorClasses } from './error-record.js';
import { MAX_PAYLOAD_BYTES, NO_ATTACHMENTS, type Payload, payloadBytes } from './payload.js';
import { type Refusal, Survey } from './survey.js';
import { takeMoving } from './transfer.js';

const UNDEFINED: Payload = { head: '', attachments: NO_ATTACHMENTS, moves: true };

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

  constructor(classes: ErrorClasses) {
    this.#classes = classes;
  }

  /**
   * @param subject how an error names the value: `result`, `argument 1`, …
   * @throws ExecutorSerializationError
   */
  encode(value: unknown, subject: string): Payload {
    return this.#encode(value, subject).payload;
  }

  /** Like `encode`, but looks the classes of errors up first where they are not known yet. */
  encodeWithClasses(value: unknown, subject: string): Payload | Promise<Payload> {
    const { payload, unlearnt } = this.#encode(value, subject);
    // What was moved cannot be encoded again.
    return unlearnt === undefined || unlearnt.size === 0 || takeMoving([value])
      ? payload
      : this.#learnAndEncode(value, subject, unlearnt);
  }

  /**
   * @param signals the positions that hold an AbortSignal, as bits: they are sent as `null`
   * @throws ExecutorSerializationError that names the argument
   */
  encodeArguments(args: readonly unknown[], signals: number): Payload {
    const survey = new Survey();
    args.forEach((value, index) => {
      if (isSignal(signals, index)) return;
      const refusal = guarded(survey, value);
      if (refusal) throw refusalError(`argument ${index + 1}`, refusal);
    });
    const sent = signals === 0 ? args : args.map((value, index) => (isSignal(signals, index) ? null : value));
    const moving = takeMoving(args);
    const { payload } = this.#write(sent, survey, 'arguments', moving);
    return moving ? payload : { ...payload, moves: false };
  }

  decode(payload: Payload): Decoded {
    const { head, attachments } = payload;
    if (typeof head === 'string') {
      return { value: head === '' ? undefined : JSON.parse(head), pending: undefined };
    }
    const reader = new BinaryReader(head, attachments, this.#classes);
    reader.readHeader();
    const value: unknown = reader.readValue();
    const pending = reader.pending.length > 0 ? Promise.all(reader.pending) : undefined;
    return { value, pending };
  }

  async #learnAndEncode(value: unknown, subject: string, unlearnt: ReadonlySet<object>): Promise<Payload> {
    await Promise.all(Array.from(unlearnt, (errorClass) => this.#classes.learn(errorClass)));
    return this.#encode(value, subject).payload;
  }

  #encode(value: unknown, subject: string): Encoding {
    if (value === undefined) return { payload: UNDEFINED, unlearnt: undefined };
    const survey = new Survey();
    const refusal = guarded(survey, value);
    if (refusal) throw refusalError(subject, refusal);
    return this.#write(value, survey, subject, takeMoving([value]));
  }

  #write(value: unknown, survey: Survey, subject: string, moving?: Set<ArrayBufferLike>): Encoding {
    try {
      if (survey.json) {
        const payload = { head: JSON.stringify(value), attachments: NO_ATTACHMENTS, moves: true };
        return { payload: bounded(payload, subject), unlearnt: undefined };
      }
      const writer = new BinaryWriter(this.#classes, moving);
      writer.writeHeader();
      if (survey.hasErrors) writer.writeWithErrors(value);
      else writer.writeValue(value);
      const payload = { head: writer.releaseBuffer(), attachments: writer.takeAttachments(), moves: true };
      return { payload: bounded(payload, subject), unlearnt: writer.unlearnt };
    } catch (cause) {
      if (cause instanceof ExecutorSerializationError) throw cause;
      throw new ExecutorSerializationError(subject, messageOf(cause), { cause });
    }
  }
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

function bounded(payload: Payload, subject: string): Payload {
  if (payloadBytes(payload) <= MAX_PAYLOAD_BYTES) return payload;
  throw new ExecutorSerializationError(subject, `it is larger than ${MAX_PAYLOAD_BYTES} bytes.`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
