import { performance } from 'node:perf_hooks';
import {
  ExecutorReferenceError,
  ExecutorTimeoutError,
  type TimeoutPhase,
} from '../errors/executor.errors.js';
import type { Codec } from '../wire/codec.js';
import { LEASE_OVER } from '../wire/limit-lease.js';
import { isBeyond } from '../wire/marks.js';
import type { Payload } from '../wire/payload.js';
import type { Call, CallPlace } from './call.js';
import type { Fleet } from './fleet.js';
import { LateTimer } from './late-timer.js';
import type { PoolSettings } from '../options/pool-settings.js';
import type { Settlement } from './settlement.js';
import { askIfAlive, WATCH_INTERVAL } from './sign-of-life.js';
import type { WorkerSlot } from './worker-slot.js';
import { clock, setTimeout } from '../node-timers.js';

/** How long a call that was given up may go on before its worker is ended, in ms. */
const GRACE = 250;

/** What giving up needs of its pool. */
interface GaveUp {
  /** It is in no worker any more. */
  leave(call: Call): void;
  onRoom(): void;
}

/** How calls are given up: by an abort, a timeout, or as the pool closes. */
export class GivingUp {
  constructor(
    readonly settings: PoolSettings,
    readonly codec: Codec,
    readonly settlement: Settlement,
    readonly fleet: Fleet,
    readonly pool: GaveUp,
  ) {}

  /** From now on its `queueTimeout` counts. */
  timeWaiting(call: Call): void {
    this.#time(call, 'queue', call.terms.queueTimeout);
  }

  /** Its `queueTimeout` counts again, and did from then on: if nothing of it is left, the call is given up now. */
  timeWaitingSince(call: Call, since: number): void {
    call.waitsSince = since;
    const { queueTimeout } = call.terms;
    // Node leaves out fractions.
    this.#time(call, 'queue', queueTimeout, Math.ceil(queueTimeout - (clock.now() - since)));
  }

  /** From now on its `timeout` counts. */
  timeRun(call: Call): void {
    this.#time(call, 'run', call.terms.timeout);
  }

  /** @param left of the `ms` that it has */
  #time(call: Call, phase: TimeoutPhase, ms: number, left = ms): void {
    if (ms === 0) return;
    const act = () => this.giveUp(call, new ExecutorTimeoutError(this.settings.name, phase, ms, call.label));
    if (left <= 0) return act();
    call.timer = new LateTimer(act, left);
  }

  /**
   * The caller no longer waits, or must not: it hears at once; the worker is told, and has a grace to obey. A call that has
   * waited too long goes on if it has just begun, and hears that it has not as soon as this is sure.
   * @param isForeign whether the reason is the caller's own
   */
  giveUp(call: Call, reason: unknown, isForeign = false): void {
    if (call.isSettled) return;
    const { place } = call;
    const isTakenBack = !!place && call.startedAt === 0 && this.fleet.relief.recall(place, call);
    const hasWaited = !isForeign && reason instanceof ExecutorTimeoutError && reason.phase === 'queue';
    if (hasWaited && place && !isTakenBack && this.#findOutIfBegun(call, place, reason)) {
      call.expired = reason;
      return this.pool.onRoom();
    }
    if (isForeign) this.settlement.pass(call, reason);
    else this.settlement.fail(call, reason);
    if (!place) return;
    if (isTakenBack) {
      this.pool.leave(call);
    } else {
      // Its worker may be loading what it runs, and would never get to the end of that if each such call ended it.
      call.givenUp = { place, at: performance.now(), reason: describeReason(reason), mayLoad: hasWaited };
      this.fleet.relief.recallAll(place);
      place.handle.cancel(call.seq, this.#encodeReason(reason));
      if (this.settings.concurrency > 1) place.handle.ping();
      this.startGrace(call);
    }
    this.pool.onRoom();
  }

  /**
   * It may have begun: what says that is on its way, if only the end of the call before it. While the worker has a lease, this is asked
   * again when that is over; then a worker that says when calls begin is asked.
   * @returns whether that is to be found out
   */
  #findOutIfBegun(call: Call, place: CallPlace, reason: Error): boolean {
    const { marks } = place.handle;
    const slot = this.fleet.slots.at(place);
    const hasBegun = marks !== undefined && !isBeyond(call.seq, marks.getStarted());
    if (!hasBegun && slot?.isUnsure && slot.head !== call) {
      setTimeout(() => this.#askAgain(call, reason), LEASE_OVER + 1);
      return true;
    }
    if (!call.isAnnounced) return hasBegun;
    if (call.expired) return false;
    place.handle.withdraw(call.seq, this.#encodeReason(reason));
    call.timer = new LateTimer(() => this.giveUp(call, reason), WATCH_INTERVAL);
    return true;
  }

  #askAgain(call: Call, reason: Error): void {
    if (call.expired !== reason) return;
    // Its worker has not been asked yet.
    call.expired = undefined;
    this.giveUp(call, reason);
  }

  /**
   * It is the next to begin in its worker, which says when it does. One that loads for too long says so itself, unless its event loop is
   * blocked, or the worker is stopped: then it is ended.
   */
  watchLoading(call: Call): void {
    if (call.startedAt > 0 || call.isSettled || call.grace) return;
    this.#watchLoading(call);
  }

  #watchLoading(call: Call): void {
    const { bootTimeout } = this.settings;
    const from = performance.now();
    call.grace = new LateTimer(() => {
      // By a test's clock, nothing is late. (Node's may be early by a millisecond.)
      if (performance.now() - from > bootTimeout / 2) this.#askIfAlive(call);
    }, bootTimeout).unref();
  }

  #askIfAlive(call: Call): void {
    const slot = call.place && this.fleet.slots.at(call.place);
    if (!slot) return;
    const hold = (timer: LateTimer) => (call.grace = timer);
    askIfAlive(slot, hold, (isAlive) => {
      if (isAlive || slot.isRunningOthers(call)) this.#watchLoading(call);
      else this.#endSilent(slot, call);
    });
  }

  #endSilent(slot: WorkerSlot, call: Call): void {
    const { bootTimeout } = this.settings;
    if (!slot.hasTaken(call)) return slot.kill(`it took no call for ${bootTimeout} ms`);
    // The first of those that have not begun is to blame; the others go to another worker when this one ends.
    if (slot.firstNotBegun !== call) return this.#watchLoading(call);
    const why = `${call.label} had not begun ${bootTimeout} ms (bootTimeout) after its worker was to load what it runs.`;
    this.giveUp(call, new ExecutorReferenceError(why));
  }

  /**
   * Counts from when the call was given up and, if that was before it began, again from then.
   * @param mayExtend whether it is counted again if the application blocked its event loop meanwhile
   */
  startGrace(call: Call, mayExtend = true): void {
    const { givenUp } = call;
    if (!givenUp) return;
    call.grace?.stop();
    const isLoading = givenUp.mayLoad && call.startedAt === 0;
    const ms = isLoading ? this.settings.bootTimeout : GRACE;
    const what = isLoading ? `had not begun ${ms} ms` : `went on for ${ms} ms`;
    const why = `${call.label} ${what} after it was given up (${givenUp.reason})`;
    call.grace = new LateTimer((wasBlocked) => {
      // While the application blocked its event loop, nobody was told or heard.
      if (wasBlocked && mayExtend) this.startGrace(call, false);
      else if (this.#waitsForOthers(call)) this.startGrace(call);
      else this.fleet.putDown(givenUp.place, givenUp.at, why);
    }, ms).unref();
  }

  /** It has not begun, and cannot be taken back: not for its sake is the worker ended in which others run. */
  #waitsForOthers({ startedAt, seq, place }: Call): boolean {
    const slot = place && this.fleet.slots.at(place);
    const marks = slot?.handle.marks;
    if (startedAt > 0 || !marks) return false;
    const started = marks.getStarted();
    return isBeyond(seq, started) && slot.isAwaited(started);
  }

  #encodeReason(reason: unknown): Payload {
    try {
      return this.codec.encode(reason, 'reason of the abort');
    } catch {
      return this.codec.encode(new DOMException('This operation was aborted', 'AbortError'), 'reason');
    }
  }
}

function describeReason(reason: unknown): string {
  try {
    return reason instanceof Error ? String(reason.name) : String(reason);
  } catch {
    return 'an abort';
  }
}
