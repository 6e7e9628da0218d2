import { types } from 'node:util';
import { ExecutorSerializationError } from '../errors/executor.errors.js';
import type { AttachmentStore, TakeOut } from '../wire/attachments.js';
import { type Codec, isSignal } from '../wire/codec.js';
import type { Message } from '../wire/messages.js';
import { NO_ATTACHMENTS, type Payload } from '../wire/payload.js';
import { isError } from '../wire/survey.js';
import { RunningCall, runInCall } from './current-call.js';

/** What of a message is needed to run a call. */
type IncomingCall = Pick<Message, 'id' | 'seq' | 'attempt' | 'ms' | 'signals' | 'payload'>;

/** As `await` does: a promise may have a `then` of its own, which may call back twice or never. */
const whenSettled = Promise.prototype.then;

const NO_ARGUMENTS: Payload = { head: '[]', attachments: NO_ATTACHMENTS, moves: false };

export interface Outcome {
  readonly failed: boolean;
  readonly payload: Payload;
}

/** Runs calls where they are to be run, in a worker or inline: arguments decoded, result or error encoded. */
export class CallRunner {
  readonly #running = new Map<number, RunningCall>();

  constructor(
    readonly pool: string,
    readonly codec: Codec,
    /** Where results are kept until they have left. */
    readonly store: AttachmentStore,
    readonly takeOut: TakeOut,
  ) {}

  get size(): number {
    return this.#running.size;
  }

  /**
   * Never throws by itself.
   * @param done called with how it went in the turn in which that is encoded: before any other code could touch what is
   *   moved
   */
  run(
    call: IncomingCall,
    invoke: (args: readonly unknown[]) => unknown,
    done: (outcome: Outcome) => void,
  ): void {
    const running = new RunningCall(call.id, this.pool, call.attempt, call.ms);
    this.#running.set(call.seq, running);
    const end = (failed: boolean, payload: Payload) => {
      this.#running.delete(call.seq);
      done({ failed, payload });
    };
    // By callbacks, as each asynchronous function would cost a promise more, and in older Nodes what follows promises.
    const fail = (error: unknown) => whenThere(this.#encodeError(error), (payload) => end(true, payload));
    const succeed = (value: unknown) => {
      let payload: Payload | Promise<Payload>;
      try {
        payload = this.codec.encodeWithClasses(value, 'result', this.store);
      } catch (error) {
        return fail(error);
      }
      whenThere(payload, (encoded) => end(false, encoded), fail);
    };
    whenSettled.call(this.#start(call, running, invoke), succeed, fail);
  }

  /** Rejects with what the method throws, or with why it cannot be called. */
  #start(
    call: IncomingCall,
    running: RunningCall,
    invoke: (args: readonly unknown[]) => unknown,
  ): Promise<unknown> {
    try {
      const { args, pending } = this.#decodeArguments(call, running);
      const start = () => runInCall(running, () => invoke(args));
      return pending ? pending.then(start) : Promise.resolve(start());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Whether the parent was told that it begins. */
  hasAnnounced(seq: number): boolean {
    return this.#running.get(seq)?.isAnnounced === true;
  }

  cancel(seq: number, reason: Payload): void {
    const running = this.#running.get(seq);
    if (!running) return;
    running.abort(this.#decodeReason(reason));
  }

  #decodeReason(reason: Payload): unknown {
    try {
      return this.codec.decode(reason, false).value;
    } catch {
      return undefined;
    }
  }

  #decodeArguments(
    { payload, signals }: IncomingCall,
    running: RunningCall,
  ): { args: readonly unknown[]; pending: Promise<unknown> | undefined } {
    let decoded;
    try {
      decoded = this.codec.decode(this.#ownArguments(payload));
    } catch (cause) {
      const why = `they cannot be decoded (${(cause as Error).message}).`;
      throw new ExecutorSerializationError('arguments', why, { cause });
    }
    const args = decoded.value as unknown[];
    if (signals !== 0) {
      for (let index = 0; index < args.length; index++) {
        if (isSignal(signals, index)) args[index] = running.signal;
      }
    }
    return { args, pending: decoded.pending };
  }

  #ownArguments(payload: Payload = NO_ARGUMENTS): Payload {
    const { head, attachments, moves } = payload;
    if (moves || attachments.length === 0) return payload;
    return { head, attachments: this.takeOut(attachments), moves };
  }

  #encodeError(thrown: unknown): Payload | Promise<Payload> {
    // An error must reach its caller even if something that hangs on it cannot.
    const encodeRefusal = (refusal: unknown) => {
      try {
        if (!types.isProxy(thrown) && isError(thrown)) return this.codec.encodeBare(thrown);
      } catch {
        // What its class is may be asked of a Proxy, which may throw.
      }
      return this.codec.encode(refusal, 'error');
    };
    try {
      const payload = this.codec.encodeWithClasses(thrown, 'error', this.store);
      return payload instanceof Promise ? payload.catch(encodeRefusal) : payload;
    } catch (refusal) {
      return encodeRefusal(refusal);
    }
  }
}

/** At once where it is there already. */
function whenThere<T>(
  value: T | Promise<T>,
  take: (value: T) => void,
  refuse?: (error: unknown) => void,
): void {
  if (value instanceof Promise) value.then(take, refuse);
  else take(value);
}
