import { performance } from 'node:perf_hooks';
import { nestErrors } from '../reference/nest-errors.js';
import type { AttachmentStore, TakeOut } from '../wire/attachments.js';
import type { Channel } from '../wire/channel.js';
import type { Codec } from '../wire/codec.js';
import { LimitLease } from '../wire/limit-lease.js';
import { LONG_CALL } from '../wire/long-call.js';
import { isBeyond, mayBeSaid, type Marks, NO_SEQ } from '../wire/marks.js';
import { type Message, message, MessageType, outcomeMessage } from '../wire/messages.js';
import { type Payload, textPayload } from '../wire/payload.js';
import type { TargetDefinition, WorkerPlan } from '../wire/worker-plan.js';
import { Bindings } from './bindings.js';
import { CallRunner } from './call-runner.js';
import { MemoryWatch } from './memory-watch.js';
import { requireAtOnce } from './load.js';
import { whenWritten } from './when-written.js';
import { StartAnnouncer } from './start-announcer.js';
import { loadNest, WorkerContext } from './worker-context.js';
import { eventLoopTurn, setImmediate } from '../node-timers.js';

/** From so many ms on the event loop was blocked, if the application may have waited for an answer: less than it waits for one. */
const BLOCKED = 100;

/**
 * A worker's life: boot, take calls, close, end. It ends with its channel, so that no worker outlives
 * its application.
 */
export class Session {
  readonly #channel: Channel;
  readonly #marks: Marks | undefined;
  readonly #lease: LimitLease | undefined;
  readonly #end: (exitCode: number) => void;
  readonly #codec: Codec;
  readonly #bindings = new Bindings();
  readonly #announcer: StartAnnouncer;
  readonly #waiting: Message[] = [];
  /** While a call that was taken up has yet to be said to begin: none goes by it. */
  #late: Promise<void> | undefined;
  #isWorking = false;
  readonly #store: AttachmentStore;
  readonly #takeOut: TakeOut;
  #runner: CallRunner;
  #context: WorkerContext | undefined;
  #memory: MemoryWatch | undefined;
  #loading: Promise<unknown> | undefined;
  #concurrency = 1;
  #saysNext = false;
  #isBooting = false;
  #isBooted = false;
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
    this.#announcer = new StartAnnouncer(channel);
    this.#marks = marks;
    this.#lease = marks && new LimitLease(marks);
    this.#store = store;
    this.#takeOut = takeOut;
    this.#runner = new CallRunner('', this.#codec, store, takeOut);
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
      this.#send(MessageType.crashed, 0, this.#encodeCrash(error), true);
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
        return this.#bindings.define(target, parse<TargetDefinition>(payload), seq);
      case MessageType.call:
      case MessageType.callAhead:
      case MessageType.callLeased:
        return this.#take(incoming);
      case MessageType.cancel:
        if (payload) this.#cancel(seq, payload);
        return;
      case MessageType.withdraw:
        if (payload && !this.#runner.hasAnnounced(seq)) this.#withdraw(seq, payload);
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

  async #boot(plan: WorkerPlan): Promise<void> {
    try {
      this.#context = await WorkerContext.boot(plan, (step) =>
        this.#send(MessageType.booting, 0, textPayload(step), true),
      );
      // Made anew: where only its pool's name was changed, V8 took a tenth longer for each call (measured).
      this.#runner = new CallRunner(plan.pool, this.#codec, this.#store, this.#takeOut);
      this.#concurrency = plan.concurrency;
      this.#saysNext = plan.saysNext === true;
      this.#memory = plan.memoryMb === undefined ? undefined : new MemoryWatch(plan.memoryMb);
      // What fails right after it was loaded, such as a server whose port is taken, fails the boot.
      await eventLoopTurn();
      this.#isBooted = true;
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

  #take(call: Message): void {
    this.#waiting.push(call);
    if (this.#isWorking) return;
    this.#isWorking = true;
    if (this.#concurrency === 1) this.#startAlone();
    else this.#startSoon();
  }

  /**
   * One call at a time: the next one starts when the result of the one before it has left.
   * @param said which call this result said begins next
   */
  #startAlone(said = NO_SEQ): void {
    const next = this.#waiting.shift();
    if (!next) {
      this.#isWorking = false;
      this.#closeIfAsked();
    } else if (this.#begin(next, next.seq === said)) {
      this.#run(next, (ms, begun) => this.#goOn(ms, begun));
    } else {
      this.#goOn(0);
    }
  }

  /**
   * @param ms how long the last call took
   * @param said what its result said begins next
   */
  #goOn(ms: number, said?: number): void {
    if (ms <= LONG_CALL && this.#channel.isFlushed) return this.#startAlone(said);
    const start = () => this.#startAlone();
    // After a turn of the event loop, so that cancels are read.
    this.#channel.finish(ms > LONG_CALL ? () => setImmediate(start) : start);
  }

  /** In a turn of its own, and another one if others blocked the event loop meanwhile: so that cancels are read. */
  #startSoon(wasLate = false): void {
    const since = performance.now();
    setImmediate(() => {
      if (!wasLate && performance.now() - since > BLOCKED) this.#startSoon(true);
      else this.#startAmongOthers();
    });
  }

  /**
   * Several calls at a time start in turns of their own: what one leaves must be on its way before another
   * can block the event loop.
   */
  #startAmongOthers(): void {
    this.#channel.finish(() => {
      const next = this.#waiting.shift();
      if (next && this.#begin(next)) this.#run(next, () => this.#closeIfAsked());
      const late = this.#late;
      this.#late = undefined;
      if (late) void late.then(() => this.#startOthers());
      else this.#startOthers();
    });
  }

  #startOthers(): void {
    this.#isWorking = this.#waiting.length > 0;
    if (this.#isWorking) this.#startSoon();
    else this.#closeIfAsked();
  }

  /** @param then told, when its outcome was sent, how long it took, in ms, and which call it said has begun by now */
  #run(call: Message, then: (ms: number, begun: number) => void): void {
    const startedAt = performance.now();
    this.#runner.run(call, this.#starterOf(call), ({ failed, payload }) => {
      const ms = performance.now() - startedAt;
      if (this.#memory?.isExceeded()) this.#send(MessageType.recycle);
      const { seq } = call;
      const begun = this.#saysNext ? this.#begunAfter(seq, ms) : NO_SEQ;
      this.#channel.send(outcomeMessage(failed, seq, payload, ms, begun), true);
      then(ms, begun);
    });
  }

  /** The call that begins as soon as the result has left, or else the one whose result that is. */
  #begunAfter(seq: number, ms: number): number {
    const next = this.#waiting[0];
    return next && ms <= LONG_CALL && mayBeSaid(next.seq) ? next.seq : seq;
  }

  /**
   * Says that the call begins; steps back if it was taken back in the meantime.
   * @param isSaid whether the result before it has said so
   */
  #begin({ type, seq }: Message, isSaid = false): boolean {
    const marks = this.#marks;
    const lease = this.#lease;
    if (!marks || !lease) return true;
    if (!isSaid) marks.setStarted(seq);
    if (type === MessageType.call) return true;
    const limit = type === MessageType.callLeased ? lease.getLimit() : marks.getLimit();
    if (limit === NO_SEQ || !isBeyond(seq, limit)) return true;
    marks.setStarted((seq - 1) | 0);
    this.#send(MessageType.returned, seq);
    return false;
  }

  #withdraw(seq: number, reason: Payload): void {
    this.#send(MessageType.withdrawn, seq, undefined, true);
    this.#cancel(seq, reason);
  }

  #cancel(seq: number, reason: Payload): void {
    const index = this.#waiting.findIndex((call) => call.seq === seq);
    if (index < 0) return this.#runner.cancel(seq, reason);
    this.#waiting.splice(index, 1);
    this.#send(MessageType.failure, seq, reason);
  }

  /** What runs the call, once its arguments are there. */
  #starterOf({ seq, target }: Message): (args: readonly unknown[]) => unknown {
    const invoke = this.#bindings.find(target);
    if (!invoke) return (args) => this.#loadAndStart(target, seq, args);
    if (this.#concurrency === 1) return invoke;
    const takenUpAt = performance.now();
    return (args) => {
      // Its arguments may have taken long to decode, or have been waited for.
      if (performance.now() - takenUpAt <= LONG_CALL) return this.#announcer.start(seq, invoke, args);
      const announced = this.#announcer.announceLate(seq);
      this.#late = announced.catch(() => {});
      return announced.then(() => this.#announcer.begin(invoke, args));
    };
  }

  async #loadAndStart(target: number, seq: number, args: readonly unknown[]): Promise<unknown> {
    const context = this.#context;
    if (!context) throw new Error('a call came before the worker was booted');
    const bind = (definition: TargetDefinition) => context.bind(definition);
    const invoke = await this.#bindings.load(target, seq, bind, () => this.#announcer.announce(seq));
    return this.#announcer.begin(invoke, args);
  }

  #closeIfAsked(): void {
    if (this.#isClosing) void this.#closeWhenIdle();
  }

  async #closeWhenIdle(): Promise<void> {
    if (!this.#isBooted || this.#isEnding) return;
    if (this.#isWorking || this.#runner.size > 0 || this.#waiting.length > 0) return;
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
