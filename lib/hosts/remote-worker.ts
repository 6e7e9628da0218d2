import type { Channel } from '../wire/channel.js';
import type { Codec } from '../wire/codec.js';
import { type Message, message, MessageType } from '../wire/messages.js';
import { NO_VALUE, type OutcomePayload, type Payload, textPayload } from '../wire/payload.js';
import type { TargetDefinition, WorkerPlan } from '../wire/worker-plan.js';
import type { CallTarget, HostCall, WorkerHandle, WorkerListener } from './worker-host.interface.js';

interface NumberedTarget {
  readonly number: number;
  /** Or will be, when the worker comes to the next call of it. */
  isLoaded: boolean;
}

/**
 * The parent's side of the talk with a worker, the same over a port and over a pipe. It numbers the targets,
 * so that each worker is told once what a number stands for.
 */
export class RemoteWorker {
  readonly #channel: Channel;
  readonly #listener: WorkerListener;
  readonly #targets = new Map<CallTarget, NumberedTarget>();

  /** The uncaught error of which the worker says it ends. */
  crash: unknown;
  readonly #codec: Codec;
  readonly #takeOut: (payload: Payload) => OutcomePayload;
  #announces = false;

  /** @param takeOut takes results out of where they were put, if they are not in their messages */
  constructor(
    channel: Channel,
    listener: WorkerListener,
    codec: Codec,
    takeOut: (payload: Payload) => OutcomePayload = (payload) => payload,
  ) {
    this.#channel = channel;
    this.#listener = listener;
    this.#codec = codec;
    this.#takeOut = takeOut;
  }

  /** @param own what depends on how the worker is hosted */
  handle(own: Pick<WorkerHandle, 'label' | 'marks' | 'grantsLeases' | 'kill'>): WorkerHandle {
    return {
      ...own,
      start: (call) => this.start(call),
      forget: (target) => this.forget(target),
      cancel: (seq, reason) => this.cancel(seq, reason),
      withdraw: (seq, reason) => this.withdraw(seq, reason),
      ping: () => this.ping(),
      close: () => this.close(),
    };
  }

  boot(plan: WorkerPlan): void {
    this.#announces = plan.concurrency > 1;
    this.#channel.send(message(MessageType.boot, 0, json(plan)));
  }

  /** @returns whether the worker will say when the call starts: it may have to load its target first */
  start(handed: HostCall): boolean {
    const { id, seq, args, attempt, timeout, signals } = handed;
    const known = this.#targets.get(handed.target);
    const isLoaded = known?.isLoaded === true;
    const target = isLoaded ? known.number : this.#define(handed.target, seq, known);
    const type = callTypeOf(handed);
    const call: Message = { type, seq, id, target, attempt, ms: timeout, signals, payload: args };
    // At once, as posting detaches what is moved.
    this.#channel.send(call, args.moves);
    return !isLoaded || this.#announces;
  }

  forget(target: CallTarget): void {
    // Where it says when each call starts, it may have loaded the target long ago.
    if (this.#announces) return;
    const known = this.#targets.get(target);
    if (known) known.isLoaded = false;
  }

  /** At once: if the application then blocks its event loop, the grace of the call runs all the same. */
  cancel(seq: number, reason: Payload): void {
    this.#channel.send(message(MessageType.cancel, seq, reason), true);
  }

  withdraw(seq: number, reason: Payload): void {
    this.#channel.send(message(MessageType.withdraw, seq, reason), true);
  }

  /** At once, for the same reason. */
  ping(): void {
    this.#channel.send(message(MessageType.ping), true);
  }

  close(): void {
    this.#channel.send(message(MessageType.close));
  }

  receive({ type, seq, payload, ms }: Message): void {
    switch (type) {
      case MessageType.ready:
        return this.#listener.ready();
      case MessageType.booting:
        if (payload) this.#listener.booting(String(payload.head));
        return;
      case MessageType.started:
        return this.#listener.started(seq);
      case MessageType.returned:
        return this.#listener.returned(seq);
      case MessageType.withdrawn:
        return this.#listener.withdrawn(seq);
      case MessageType.pong:
        return this.#listener.alive();
      case MessageType.recycle:
        return this.#listener.outgrown();
      case MessageType.result:
      case MessageType.failure:
        return this.#settled(seq, type === MessageType.failure, payload ?? NO_VALUE, ms);
      case MessageType.bootFailed:
        if (payload) this.#listener.bootFailed(this.#decode(payload));
        return;
      case MessageType.crashed:
        if (payload) this.crash ??= this.#decode(payload);
        return;
      default:
        return;
    }
  }

  #settled(seq: number, failed: boolean, payload: Payload, ms: number): void {
    this.#listener.settled(seq, failed, this.#takeOut(payload), ms);
  }

  /** Nothing that a worker sends may throw here. */
  #decode(payload: Payload): unknown {
    try {
      return this.#codec.decode(payload).value;
    } catch (cause) {
      return new Error(`an error that cannot be decoded (${(cause as Error).message})`, { cause });
    }
  }

  /** For the first time, or again, under the number that it has. */
  #define(target: CallTarget, seq: number, { number } = { number: this.#targets.size + 1 }): number {
    this.#targets.set(target, { number, isLoaded: true });
    this.#channel.send(message(MessageType.define, seq, json(target.definition), number));
    return number;
  }
}

function callTypeOf({ mayStepBack, isLeased }: HostCall): MessageType {
  if (isLeased) return MessageType.callLeased;
  return mayStepBack ? MessageType.callAhead : MessageType.call;
}

function json(value: WorkerPlan | TargetDefinition | undefined): Payload {
  return textPayload(JSON.stringify(value));
}
