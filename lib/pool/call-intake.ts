import { ExecutorOptionsError } from '../errors/executor.errors.js';
import type { CallTarget } from '../hosts/worker-host.interface.js';
import type { AttachmentStore } from '../wire/attachments.js';
import type { Codec } from '../wire/codec.js';
import { takeMoving } from '../wire/transfer.js';
import { signalBits, signalsOf, watchSignals } from './abort-watch.js';
import { Call, type CallTerms } from './call.js';
import type { Caller } from './call-stack.js';
import type { PoolSettings } from '../options/pool-settings.js';

/** What a call says of itself. Whatever is left out is the pool's. */
export interface CallRequest extends Partial<Pick<CallTerms, 'timeout' | 'priority' | 'retries'>> {
  readonly signal?: AbortSignal | undefined;
  /** The instance whose method is called. */
  readonly self?: object;
  /** Pending while the target is still being located; the call waits for it. */
  readonly located?: Promise<void> | undefined;
}

/** What an intake needs of its pool. */
interface Gate {
  /** Throws if no more calls are taken; asked before the arguments are encoded, which costs. */
  checkRoom(target: CallTarget): void;
  /** A signal of the call is aborted. */
  onAbort(call: Call, reason: unknown): void;
}

/** Makes calls of requests: checked, with their arguments as they are at this moment. */
export class CallIntake {
  #nextId = 1;
  /** What holds for calls that say nothing of themselves. */
  readonly #usual: CallTerms;

  constructor(
    readonly settings: PoolSettings,
    readonly codec: Codec,
    readonly store: AttachmentStore,
    readonly gate: Gate,
  ) {
    const { timeout, queueTimeout, retries } = settings;
    this.#usual = { timeout, queueTimeout, priority: 0, retries };
  }

  /**
   * @throws the reason of a signal that is aborted already, or an ExecutorError
   */
  take(target: CallTarget, args: readonly unknown[], request: CallRequest, caller: Caller): Call {
    const bits = signalBits(args);
    const signals = signalsOf(request.signal, args, bits);
    throwIfAborted(signals);
    this.gate.checkRoom(target);
    const terms = this.#termsOf(request);
    if (terms.retries > 0 && takeMoving(args)) {
      throw new ExecutorOptionsError(
        `${target.label} has both 'retries' and transfer(): what is moved cannot be sent twice.`,
      );
    }
    // Before a worker is taken: a bad argument must cost its caller alone.
    const payload = this.codec.encodeArguments(args, bits, this.store);
    try {
      // By a getter among the arguments, which may also have closed the pool.
      throwIfAborted(signals);
      this.gate.checkRoom(target);
    } catch (reason) {
      this.store.release(payload.attachments);
      throw reason;
    }
    const call = new Call(this.#nextId++, target, request.self, payload, bits, terms, caller);
    if (signals.length > 0) call.release = watchSignals(signals, (reason) => this.gate.onAbort(call, reason));
    return call;
  }

  #termsOf(request: CallRequest): CallTerms {
    const { timeout, priority, retries } = request;
    if (timeout === undefined && priority === undefined && retries === undefined) return this.#usual;
    const usual = this.#usual;
    return {
      timeout: timeout ?? usual.timeout,
      queueTimeout: usual.queueTimeout,
      priority: priority ?? usual.priority,
      retries: retries ?? usual.retries,
    };
  }
}

function throwIfAborted(signals: readonly AbortSignal[]): void {
  for (const signal of signals) if (signal.aborted) throw signal.reason;
}
