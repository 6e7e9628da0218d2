import { ExecutorError, ExecutorSerializationError } from '../errors/executor.errors.js';
import type { AttachmentStore } from '../wire/attachments.js';
import type { Codec, Decoded } from '../wire/codec.js';
import type { OutcomePayload, Payload } from '../wire/payload.js';
import type { Call } from './call.js';
import { type Caller, rejectWithCallers } from './call-stack.js';
import type { OpenCalls } from './open-calls.js';
import type { PoolStatistics } from './pool-statistics.js';
import { clock } from '../node-timers.js';

/** How the calls of a pool end: each once, counted, and told to whoever waits for it. */
export class Settlement {
  constructor(
    /** The pool's name. */
    readonly pool: string,
    readonly codec: Codec,
    readonly store: AttachmentStore,
    readonly open: OpenCalls,
    readonly statistics: PoolStatistics,
  ) {}

  /** With what came from its worker: a value, or the error that the method threw. */
  settle(call: Call, failed: boolean, outcome: OutcomePayload): void {
    call.timer?.stop();
    if (!(outcome instanceof Promise)) return this.#decode(call, failed, outcome);
    this.open.completing.add(call);
    outcome.then(
      (payload) => this.#decode(call, failed, payload),
      (cause: unknown) => this.#failUndecoded(call, cause),
    );
  }

  #decode(call: Call, failed: boolean, outcome: Payload): void {
    if (call.isSettled) return;
    let decoded: Decoded;
    try {
      decoded = this.codec.decode(outcome);
    } catch (cause) {
      return this.#failUndecoded(call, cause);
    }
    const { value, pending } = decoded;
    if (!pending) return failed ? this.fail(call, value) : this.#complete(call, value);
    this.open.completing.add(call);
    const settle = () => (failed ? this.fail(call, value) : this.#complete(call, value));
    pending.then(settle, settle);
  }

  #failUndecoded(call: Call, cause: unknown): void {
    const why = `what came from the worker cannot be decoded (${(cause as Error).message}).`;
    this.fail(call, new ExecutorSerializationError('result', why, { cause }));
  }

  fail(call: Call, reason: unknown): void {
    if (!this.#close(call)) return;
    this.statistics.failed++;
    this.#explain(call.caller, reason, call.label);
  }

  /** With what is the caller's own, and may be shared by many calls: it is passed on as it is. */
  pass(call: Call, reason: unknown): void {
    if (!this.#close(call)) return;
    this.statistics.failed++;
    call.caller.reject(reason);
  }

  /** With its worker. */
  lose(call: Call, reason: Error): void {
    if (!this.#close(call)) return;
    this.statistics.lost++;
    this.#explain(call.caller, reason, call.label);
  }

  /** Before it was accepted: with our own error, or with the reason of a signal that is aborted already. */
  refuse(caller: Caller, reason: unknown, label: string): void {
    this.statistics.rejected++;
    if (reason instanceof ExecutorError) this.#explain(caller, reason, label);
    else caller.reject(reason);
  }

  #complete(call: Call, value: unknown): void {
    if (!this.#close(call)) return;
    this.statistics.completed++;
    call.caller.resolve(value);
  }

  /** Rejects, and says which call failed and who waits for it. */
  #explain(caller: Caller, reason: unknown, label: string): void {
    if (reason instanceof ExecutorSerializationError) nameCall(reason, label);
    rejectWithCallers(caller, reason, label, this.pool);
  }

  /** @returns whether it was open till now */
  #close(call: Call): boolean {
    if (call.isSettled) return false;
    call.isSettled = true;
    call.timer?.stop();
    call.release?.();
    if (call.startedAt > 0) {
      // Only now, as it may have seemed to begin before it did.
      this.statistics.waitTime.note(call.startedAt - call.acceptedAt);
      this.statistics.runTime.note(clock.now() - call.startedAt);
    }
    // As long as it is in a worker, that may still read them.
    if (!call.place) this.store.release(call.args.attachments);
    this.open.remove(call);
    return true;
  }
}

/** Says of which call it is, once that is known. */
function nameCall(error: ExecutorSerializationError, call: string): void {
  const { message } = error;
  try {
    // Before the message is another one: V8 writes the stack when it is first read.
    const { stack } = error;
    error.message = `${call}: ${message}`;
    if (typeof stack === 'string') error.stack = stack.replace(message, () => error.message);
  } catch {
    // Error.prepareStackTrace may do anything.
    error.message = `${call}: ${message}`;
  }
}
