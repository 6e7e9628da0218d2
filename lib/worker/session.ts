import { SharedErrorClasses } from '../reference/error-classes.js';
import type { Channel } from '../wire/channel.js';
import { Codec } from '../wire/codec.js';
import type { StartedMark } from '../wire/marks.js';
import { type Message, message, MessageType } from '../wire/messages.js';
import type { Payload } from '../wire/payload.js';
import type { TargetDefinition, WorkerPlan } from '../wire/worker-plan.js';
import { CallRunner } from './call-runner.js';
import { MemoryWatch } from './memory-watch.js';
import { type Invoke, WorkerContext } from './worker-context.js';

/**
 * A worker's life: boot, take calls, close, end. It ends with its channel, so that no worker outlives
 * its application.
 */
export class Session {
  readonly #channel: Channel;
  readonly #mark: StartedMark | undefined;
  readonly #end: (exitCode: number) => void;
  readonly #codec = new Codec(new SharedErrorClasses());
  readonly #definitions = new Map<number, TargetDefinition>();
  readonly #bound = new Map<number, Invoke>();
  readonly #waiting: Message[] = [];
  #runner = new CallRunner('', this.#codec);
  #context: WorkerContext | undefined;
  #memory: MemoryWatch | undefined;
  #concurrency = 1;
  #isBooted = false;
  #isClosing = false;

  /** @param end ends this worker for good */
  constructor(channel: Channel, mark: StartedMark | undefined, end: (exitCode: number) => void) {
    this.#channel = channel;
    this.#mark = mark;
    this.#end = end;
  }

  open(): void {
    this.#channel.listen(
      (incoming) => this.#receive(incoming),
      () => this.#end(0),
    );
    // The last that a worker can say: why it ends. It ends as it would have without this.
    process.on('uncaughtExceptionMonitor', (error) => {
      this.#send(MessageType.crashed, 0, this.#encodeCrash(error));
      this.#channel.flush();
    });
  }

  #receive(incoming: Message): void {
    const { type, id, target, payload } = incoming;
    switch (type) {
      case MessageType.boot:
        return void this.#boot(parse<WorkerPlan>(payload));
      case MessageType.define:
        this.#definitions.set(target, parse<TargetDefinition>(payload));
        return;
      case MessageType.call:
        return this.#take(incoming);
      case MessageType.cancel:
        if (payload) this.#cancel(id, payload);
        return;
      case MessageType.ping:
        return this.#send(MessageType.pong);
      case MessageType.close:
        this.#isClosing = true;
        return void this.#closeWhenIdle();
      default:
        return;
    }
  }

  async #boot(plan: WorkerPlan): Promise<void> {
    try {
      this.#context = await WorkerContext.boot(plan);
      this.#runner = new CallRunner(plan.pool, this.#codec);
      this.#concurrency = plan.concurrency;
      this.#memory = plan.memoryMb === undefined ? undefined : new MemoryWatch(plan.memoryMb);
      this.#isBooted = true;
      this.#send(MessageType.ready);
      if (this.#isClosing) await this.#closeWhenIdle();
    } catch (error) {
      this.#send(MessageType.bootFailed, 0, this.#encodeCrash(error));
      this.#channel.flush();
      this.#channel.finish(() => this.#end(1));
    }
  }

  /**
   * Several calls at a time start in turns of their own: what one leaves must be on its way before another
   * can block the event loop.
   */
  #take(incoming: Message): void {
    if (this.#concurrency === 1) return void this.#run(incoming);
    this.#waiting.push(incoming);
    if (this.#waiting.length === 1) setImmediate(() => this.#startNext());
  }

  #cancel(id: number, reason: Payload): void {
    const index = this.#waiting.findIndex((call) => call.id === id);
    if (index < 0) return this.#runner.cancel(id, reason);
    this.#waiting.splice(index, 1);
    // Counted as begun, in which order the parent counts too; it never runs.
    this.#mark?.advance();
    this.#send(MessageType.failure, id, reason);
  }

  #startNext(): void {
    this.#channel.finish(() => {
      const incoming = this.#waiting.shift();
      if (incoming) void this.#run(incoming);
      if (this.#waiting.length > 0) setImmediate(() => this.#startNext());
    });
  }

  async #run({ id, target, attempt, timeout, signals, payload }: Message): Promise<void> {
    if (!payload) return;
    this.#mark?.advance();
    const call = { id, attempt, timeout, signals, args: payload };
    const { failed, payload: outcome } = await this.#runner.run(call, (args) => {
      const invoke = this.#bound.get(target);
      return invoke ? this.#start(id, invoke, args) : this.#bindAndStart(target, id, args);
    });
    this.#send(failed ? MessageType.failure : MessageType.result, id, outcome);
    if (this.#memory?.isExceeded()) this.#send(MessageType.recycle);
    if (this.#isClosing) await this.#closeWhenIdle();
  }

  async #bindAndStart(target: number, id: number, args: readonly unknown[]): Promise<unknown> {
    const definition = this.#definitions.get(target);
    if (!definition || !this.#context) throw new Error(`target ${target} was never defined`);
    const invoke = await this.#context.bind(definition);
    this.#bound.set(target, invoke);
    return this.#start(id, invoke, args);
  }

  #start(id: number, invoke: Invoke, args: readonly unknown[]): unknown {
    // With one call at a time the parent knows when it starts: as it is handed over.
    if (this.#concurrency > 1) {
      this.#send(MessageType.started, id);
      // The method may block the event loop.
      this.#channel.flush();
    }
    return invoke(args);
  }

  async #closeWhenIdle(): Promise<void> {
    if (!this.#isBooted || this.#runner.size > 0 || this.#waiting.length > 0) return;
    let exitCode = 0;
    try {
      await this.#context?.close();
    } catch (error) {
      exitCode = 1;
      console.error(error);
    }
    this.#channel.finish(() => this.#end(exitCode));
  }

  #encodeCrash(error: unknown): Payload {
    try {
      return this.#codec.encode(error, 'error');
    } catch (refusal) {
      return this.#codec.encode(refusal, 'error');
    }
  }

  #send(type: MessageType, id = 0, payload?: Payload): void {
    this.#channel.send(message(type, id, payload));
  }
}

function parse<T>(payload: Payload | undefined): T {
  return JSON.parse(payload?.head as string) as T;
}
