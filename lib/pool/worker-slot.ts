import { performance } from 'node:perf_hooks';
import type { WorkerEnd, WorkerHandle, WorkerHost, WorkerListener } from '../hosts/worker-host.interface.js';
import { LEASED_CALL } from '../wire/limit-lease.js';
import { isBeyond, nextSeq } from '../wire/marks.js';
import type { OutcomePayload } from '../wire/payload.js';
import { ProtocolError } from '../wire/channel.js';
import type { Call } from './call.js';
import { CallList } from './call-list.js';
import { LateTimer } from './late-timer.js';
import { noteTime } from './prefetch.js';
import { Recall } from './recall.js';
import { askIfAlive, WATCH_INTERVAL } from './sign-of-life.js';
import type { LeftCall, SlotListener } from './slot-listener.js';

/**
 * - `booting`: takes no calls yet.
 * - `ready`: takes calls.
 * - `retiring`: takes no more calls; ends when those it has are done.
 * - `closing`: has been asked to end.
 * - `killed`: is being ended by force. Counts as a worker until it is gone.
 */
type SlotState = 'booting' | 'ready' | 'retiring' | 'closing' | 'killed';

/** How long a worker that was asked to end may take to close its Nest context, in ms. */
const CLOSING_GRACE = 5_000;

function isShort({ target }: Call): boolean {
  return target.usualTime !== undefined && target.usualTime < LEASED_CALL;
}

/** One worker and the calls that are in it. */
export class WorkerSlot implements WorkerListener {
  state: SlotState = 'booting';
  /** In the order in which they were handed over. */
  readonly calls = new CallList();
  readonly handle: WorkerHandle;
  /** Calls that it finished. */
  served = 0;
  /** A successor is on its way (`recycle`). */
  isDue = false;
  /** A call that was given up goes on in it: once nobody waits for its other calls, it is ended by force. */
  isCondemned = false;
  /** It holds as many calls in advance as it may, until it has done half of them. */
  isFull = false;
  /** When it last gave a sign of life, on `performance.now()`'s clock. */
  aliveAt = 0;
  bootError: unknown;
  /** What it does on its way to being ready, if that is known. */
  bootStep = '';
  /** It has ended, which is being read: it takes no calls any more. */
  isGone = false;
  /** Boot, idle or closing timer: one at a time. */
  timer: LateTimer | undefined;
  readonly #listener: SlotListener;
  readonly #recall: Recall;
  #lastSeq = 0;

  /** @throws whatever the host throws where a worker cannot even be spawned */
  constructor(host: WorkerHost, listener: SlotListener) {
    this.#listener = listener;
    this.handle = host.spawn(this);
    this.#recall = new Recall(this.handle.marks, this.calls);
  }

  /** Hands a call over: to be begun at once, or in advance. */
  start(call: Call): void {
    // What is moved cannot be taken back: there is room for it now, beside calls that run.
    call.mayStepBack = this.calls.size > 0 && !call.isMoved;
    call.isLeased = call.mayStepBack && this.handle.grantsLeases && isShort(call);
    call.seq = this.#lastSeq = nextSeq(this.#lastSeq);
    this.calls.push(call);
    call.isAnnounced = this.handle.start(call);
  }

  /** The call that it runs; the others were handed over in advance, if it takes one at a time. */
  get head(): Call | undefined {
    return this.calls.head;
  }

  /** Whether it shares memory with its parent, so that what it holds in advance can be taken back. */
  get canRecall(): boolean {
    return this.handle.marks !== undefined;
  }

  /** Whether it may not begin all calls: none is handed to it in advance. */
  get isRecalling(): boolean {
    return this.#recall.isGoingOn;
  }

  /** Whether calls may begin in it that were to be taken back. */
  get isUnsure(): boolean {
    return this.#recall.isUnsure;
  }

  /** Takes back the calls behind that one which the worker has not begun, and now never will; in order. See Recall. */
  recallBehind(seq: number): Call[] {
    const recalled = this.#recall.behind(seq);
    for (const call of recalled) this.#takeOut(call);
    this.#recall.endIfDone();
    return recalled;
  }

  /** Whether everything in it has been answered already, so that nobody waits for this worker. */
  get isForsaken(): boolean {
    for (const call of this.calls) if (!call.isSettled) return false;
    return true;
  }

  /** Whether somebody waits for one of the calls that it has begun. */
  isAwaited(started: number): boolean {
    for (const call of this.calls) if (!call.isSettled && !isBeyond(call.seq, started)) return true;
    return false;
  }

  /** Whether the worker has begun with it, if only to load what it runs; where that cannot be told, it has. */
  hasTaken({ seq }: Call): boolean {
    const { marks } = this.handle;
    return marks === undefined || !isBeyond(seq, marks.getStarted());
  }

  get firstNotBegun(): Call | undefined {
    for (const call of this.calls) if (call.startedAt === 0) return call;
    return undefined;
  }

  /** Whether somebody waits for another call that has started in it. */
  isRunningOthers(call: Call): boolean {
    for (const other of this.calls)
      if (other !== call && other.startedAt > 0 && !other.isSettled) return true;
    return false;
  }

  /** Asks it to end, in good order: when it takes too long, by force. */
  close(): void {
    this.state = 'closing';
    this.stopTimer();
    this.handle.close();
    const end = () => this.kill('it did not close in time');
    if (this.calls.size === 0) {
      this.timer = new LateTimer(end, CLOSING_GRACE).unref();
      return;
    }
    // What is still in it was given up.
    this.timer = new LateTimer(() => {
      if (this.calls.size > 0) end();
      else this.timer = new LateTimer(end, CLOSING_GRACE).unref();
    }, WATCH_INTERVAL).unref();
  }

  kill(why: string): void {
    if (this.state === 'killed') return;
    this.state = 'killed';
    this.stopTimer();
    this.handle.kill();
    this.#listener.log(`${this.handle.label} is ended: ${why}`);
  }

  /** As long as it is not gone: what was given up in it may block it later, and with it its other calls. */
  watch(why: string): void {
    const hold = (timer: LateTimer) => (this.timer = timer);
    askIfAlive(this, hold, (isAlive) => {
      if (this.state !== 'retiring') return;
      if (isAlive) this.watch(why);
      else this.kill(why);
    });
  }

  stopTimer(): void {
    this.timer?.stop();
    this.timer = undefined;
  }

  ready(): void {
    this.#listener.onReady(this);
  }

  booting(what: string): void {
    this.bootStep = what;
  }

  bootFailed(error: unknown): void {
    this.bootError = error;
  }

  started(seq: number): void {
    const call = this.#find(seq);
    if (!call) return;
    this.#listener.onStarted(call);
    if (this.#recall.endIfDone()) this.#listener.onRoom();
  }

  withdrawn(seq: number): void {
    const call = this.#find(seq);
    if (call) this.#listener.onWithdrawn(call);
  }

  returned(seq: number): void {
    const call = this.#find(seq);
    if (call) {
      // The worker was about to begin it when the limit came: it is known only now that it did not.
      this.#takeOut(call);
      this.#recall.endIfDone();
      this.#listener.onSteppedBack(this, call);
    } else if (this.#recall.hasDropped(seq)) {
      this.#recall.endIfDone();
      this.#listener.onRoom();
    } else {
      this.handle.kill(new ProtocolError(`call ${seq} came back, which this worker was never given`));
    }
  }

  settled(seq: number, failed: boolean, outcome: OutcomePayload, ms: number): void {
    const call = this.#find(seq);
    if (!call) {
      this.handle.kill(new ProtocolError(`a reply for call ${seq} came, which this worker was never given`));
      return;
    }
    this.#takeOut(call);
    // Else it was dropped before it began.
    if (!call.givenUp || ms > 0) {
      this.served++;
      noteTime(call, ms);
    }
    this.#recall.endIfDone();
    this.#listener.onSettled(this, call, failed, outcome);
  }

  alive(): void {
    this.aliveAt = performance.now();
  }

  outgrown(): void {
    this.#listener.onOutgrown(this);
  }

  gone(): void {
    this.isGone = true;
  }

  ended(end: WorkerEnd): void {
    this.stopTimer();
    this.#listener.onEnded(this, end);
  }

  /**
   * The worker has ended: takes out all calls that were in it, in order.
   * Where it cannot be told which was the last that it took up, it was given none in advance, and each may have begun.
   */
  takeAll({ lastSeq, isHeardOut }: WorkerEnd): LeftCall[] {
    return this.calls.clear().map((call) => {
      const wasTaken = lastSeq === undefined || !isBeyond(call.seq, lastSeq);
      const hasOnlyLoaded = isHeardOut && call.isAnnounced && call.startedAt === 0;
      return { call, wasTaken, hadBegun: wasTaken && !hasOnlyLoaded };
    });
  }

  #takeOut(call: Call): void {
    this.calls.remove(call);
    // It was the first to need its target, which may not be loaded, then.
    if (call.isAnnounced && call.startedAt === 0) this.handle.forget(call.target);
  }

  /** Answers come in the order of the calls, or nearly so: the first is most often the one. */
  #find(seq: number): Call | undefined {
    let call = this.calls.head;
    while (call && call.seq !== seq) call = call.next;
    return call;
  }
}
