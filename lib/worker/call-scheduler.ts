import { performance } from 'node:perf_hooks';
import type { Channel } from '../wire/channel.js';
import { LimitLease } from '../wire/limit-lease.js';
import { LONG_CALL } from '../wire/long-call.js';
import { isBeyond, mayBeSaid, type Marks, NO_SEQ } from '../wire/marks.js';
import { type Message, message, MessageType, outcomeMessage } from '../wire/messages.js';
import type { Payload } from '../wire/payload.js';
import type { TargetDefinition, WorkerPlan } from '../wire/worker-plan.js';
import { Bindings } from './bindings.js';
import type { CallRunner } from './call-runner.js';
import { MemoryWatch } from './memory-watch.js';
import { StartAnnouncer } from './start-announcer.js';
import type { WorkerContext } from './worker-context.js';
import { setImmediate } from '../node-timers.js';

/** From so many ms on the event loop was blocked, if the application may have waited for an answer: less than it waits for one. */
const BLOCKED = 100;

/** When the calls of a booted worker begin: one at a time, or several, each in a turn of its own. */
export class CallScheduler {
  readonly #channel: Channel;
  readonly #marks: Marks | undefined;
  readonly #lease: LimitLease | undefined;
  readonly #runner: CallRunner;
  readonly #context: WorkerContext;
  readonly #onIdle: () => void;
  readonly #concurrency: number;
  readonly #saysNext: boolean;
  readonly #memory: MemoryWatch | undefined;
  readonly #bindings = new Bindings();
  readonly #announcer: StartAnnouncer;
  readonly #waiting: Message[] = [];
  /** While a call that was taken up has yet to be said to begin: none goes by it. */
  #late: Promise<void> | undefined;
  #isWorking = false;

  /** @param onIdle called each time that a call has ended and none waits */
  constructor(
    channel: Channel,
    marks: Marks | undefined,
    runner: CallRunner,
    context: WorkerContext,
    plan: WorkerPlan,
    onIdle: () => void,
  ) {
    this.#channel = channel;
    this.#marks = marks;
    this.#lease = marks && new LimitLease(marks);
    this.#runner = runner;
    this.#context = context;
    this.#onIdle = onIdle;
    this.#concurrency = plan.concurrency;
    this.#saysNext = plan.saysNext === true;
    this.#memory = plan.memoryMb === undefined ? undefined : new MemoryWatch(plan.memoryMb);
    this.#announcer = new StartAnnouncer(channel);
  }

  /** Whether no call runs or waits. */
  get isIdle(): boolean {
    return !this.#isWorking && this.#runner.size === 0 && this.#waiting.length === 0;
  }

  define(target: number, definition: TargetDefinition, seq: number): void {
    this.#bindings.define(target, definition, seq);
  }

  take(call: Message): void {
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
      this.#onIdle();
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
      if (next && this.#begin(next)) this.#run(next, () => this.#onIdle());
      const late = this.#late;
      this.#late = undefined;
      if (late) void late.then(() => this.#startOthers());
      else this.#startOthers();
    });
  }

  #startOthers(): void {
    this.#isWorking = this.#waiting.length > 0;
    if (this.#isWorking) this.#startSoon();
    else this.#onIdle();
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

  /** Cancels the call unless the parent was told that it begins. */
  withdraw(seq: number, reason: Payload): void {
    if (this.#runner.hasAnnounced(seq)) return;
    this.#send(MessageType.withdrawn, seq, undefined, true);
    this.cancel(seq, reason);
  }

  cancel(seq: number, reason: Payload): void {
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
    const bind = (definition: TargetDefinition) => this.#context.bind(definition);
    const invoke = await this.#bindings.load(target, seq, bind, () => this.#announcer.announce(seq));
    return this.#announcer.begin(invoke, args);
  }

  #send(type: MessageType, seq = 0, payload?: Payload, atOnce = false): void {
    this.#channel.send(message(type, seq, payload), atOnce);
  }
}
