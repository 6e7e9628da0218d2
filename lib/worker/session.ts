import { nestErrors } from '../reference/nest-errors.js';
import type { AttachmentStore, TakeOut } from '../wire/attachments.js';
import { type Channel, ProtocolError } from '../wire/channel.js';
import type { Codec } from '../wire/codec.js';
import type { Marks } from '../wire/marks.js';
import { type Message, message, MessageType } from '../wire/messages.js';
import { type Payload, textPayload } from '../wire/payload.js';
import type { TargetDefinition, WorkerPlan } from '../wire/worker-plan.js';
import { CallRunner } from './call-runner.js';
import { CallScheduler } from './call-scheduler.js';
import { requireAtOnce } from './load.js';
import { whenWritten } from './when-written.js';
import { loadNest, WorkerContext } from './worker-context.js';
import { eventLoopTurn } from '../node-timers.js';

/**
 * A worker's life: boot, take calls, close, end. It ends with its channel, so that no worker outlives
 * its application.
 */
export class Session {
  readonly #channel: Channel;
  readonly #marks: Marks | undefined;
  readonly #end: (exitCode: number) => void;
  readonly #codec: Codec;
  readonly #store: AttachmentStore;
  readonly #takeOut: TakeOut;
  #calls: CallScheduler | undefined;
  #context: WorkerContext | undefined;
  #loading: Promise<unknown> | undefined;
  #isBooting = false;
  #isClosing = false;
  #isEnding = false;

  /**
   * @param store where results are kept until they have left
   * @param end ends this worker for good
   */
  constructor(
    channel: Channel,
    marks: Marks | undefined,
    store: AttachmentStore,
    takeOut: TakeOut,
    codec: Codec,
    end: (exitCode: number) => void = (exitCode) => process.exit(exitCode),
  ) {
    this.#codec = codec;
    this.#channel = channel;
    this.#marks = marks;
    this.#store = store;
    this.#takeOut = takeOut;
    this.#end = end;
  }

  /** @param hasNest whether it will boot a Nest application, which it then loads before it hears what that must hold */
  open(hasNest: boolean): void {
    this.#channel.listen(
      (incoming) => this.#receive(incoming),
      (error) => {
        // The application sent what no worker understands: a defect of ours.
        if (error) console.error(error);
        this.#end(error ? 1 : 0);
      },
    );
    // The last that a worker can say: why it ends. It ends as it would have without this.
    process.on('uncaughtExceptionMonitor', (error) => {
      // Where the application handles it, the worker lives on.
      if (process.listenerCount('uncaughtException') > 0) return;
      try {
        this.#send(MessageType.crashed, 0, this.#encodeCrash(error), true);
      } catch {
        // Then only its exit code tells, and what Node writes of it.
      }
    });
    nestErrors.beRequired(requireAtOnce);
    // What it rejects with, the boot will, too.
    if (hasNest) this.#loading = loadNest().catch(() => {});
  }

  #receive(incoming: Message): void {
    const { type, seq, target, payload } = incoming;
    switch (type) {
      case MessageType.boot:
        this.#isBooting = true;
        return void this.#boot(parse<WorkerPlan>(payload));
      case MessageType.define:
        return this.#booted.define(target, parse<TargetDefinition>(payload), seq);
      case MessageType.call:
      case MessageType.callAhead:
      case MessageType.callLeased:
        return this.#booted.take(incoming);
      case MessageType.cancel:
        if (payload) this.#booted.cancel(seq, payload);
        return;
      case MessageType.withdraw:
        if (payload) this.#booted.withdraw(seq, payload);
        return;
      case MessageType.ping:
        return this.#send(MessageType.pong);
      case MessageType.close:
        this.#isClosing = true;
        // The application's start failed before it could say what to boot.
        return void (this.#isBooting ? this.#closeWhenIdle() : this.#endWhenLoaded());
      default:
        return;
    }
  }

  get #booted(): CallScheduler {
    if (this.#calls) return this.#calls;
    throw new ProtocolError('a call came before the worker was booted');
  }

  async #boot(plan: WorkerPlan): Promise<void> {
    try {
      this.#context = await WorkerContext.boot(plan, (step) =>
        this.#send(MessageType.booting, 0, textPayload(step), true),
      );
      // What fails right after it was loaded, such as a server whose port is taken, fails the boot.
      await eventLoopTurn();
      const runner = new CallRunner(plan.pool, this.#codec, this.#store, this.#takeOut);
      const onIdle = () => this.#closeIfAsked();
      this.#calls = new CallScheduler(this.#channel, this.#marks, runner, this.#context, plan, onIdle);
      this.#send(MessageType.ready);
      if (this.#isClosing) await this.#closeWhenIdle();
    } catch (error) {
      this.#send(MessageType.bootFailed, 0, this.#encodeCrash(error));
      this.#channel.finish(() => this.#end(1));
    }
  }

  /** A thread that is ended while it reads files would leave them open. */
  async #endWhenLoaded(): Promise<void> {
    await this.#loading;
    this.#end(0);
  }

  #closeIfAsked(): void {
    if (this.#isClosing) void this.#closeWhenIdle();
  }

  async #closeWhenIdle(): Promise<void> {
    if (this.#isEnding || !this.#calls?.isIdle) return;
    this.#isEnding = true;
    let exitCode = 0;
    try {
      await this.#context?.close();
    } catch (error) {
      exitCode = 1;
      console.error(error);
    }
    await Promise.all([whenWritten(process.stdout), whenWritten(process.stderr)]);
    this.#channel.finish(() => this.#end(exitCode));
  }

  #encodeCrash(error: unknown): Payload {
    try {
      return this.#codec.encode(error, 'error');
    } catch (refusal) {
      return this.#codec.encode(refusal, 'error');
    }
  }

  #send(type: MessageType, seq = 0, payload?: Payload, atOnce = false): void {
    this.#channel.send(message(type, seq, payload), atOnce);
  }
}

function parse<T>(payload: Payload | undefined): T {
  return JSON.parse(payload?.head as string) as T;
}
