import { LONG_CALL } from '../wire/long-call.js';
import type { Call, CallPlace } from './call.js';
import { PAIR_TIME } from './prefetch.js';
import type { Roster } from './roster.js';
import type { WorkerSlot } from './worker-slot.js';
import { clearTimeout, clock, setTimeout } from '../node-timers.js';

/**
 * While no worker is idle: how long a call may run before those behind it wait again, in the order of the queue and for
 * whichever worker is free first, in ms. None that runs longer was expected to.
 */
const STUCK_CALL = PAIR_TIME;

/** What relief needs of its fleet. */
interface Relieved {
  readonly slots: Roster;
  /** The call that is to begin next, of those that no worker has. */
  readonly next: Call | undefined;
  /** A call that was taken back waits again. */
  onReturned(call: Call): void;
  onRoom(): void;
}

/** Takes back calls that were handed over in advance: when they are given up, or the call before them is long. */
export class Relief {
  readonly #fleet: Relieved;
  #timer: NodeJS.Timeout | undefined;
  /** In how many ms it looks, counted from when that was decided. */
  #looksIn = Infinity;
  #isStopped = false;

  constructor(fleet: Relieved) {
    this.#fleet = fleet;
  }

  /**
   * Takes one call back. What is behind it waits again.
   * @returns whether it never began; else it is where it was
   */
  recall(place: CallPlace, call: Call): boolean {
    const slot = this.#fleet.slots.at(place);
    if (!slot || slot.head === call) return false;
    const recalled = slot.recallBehind((call.seq - 1) | 0);
    for (const other of recalled.toReversed()) if (other !== call) this.#fleet.onReturned(other);
    return recalled.includes(call);
  }

  /** Takes back all that is behind the call that runs. */
  recallAll(place: CallPlace): void {
    const slot = this.#fleet.slots.at(place);
    const head = slot?.head;
    if (!slot || !head || slot.calls.size === 1) return;
    for (const call of slot.recallBehind(head.seq).toReversed()) this.#fleet.onReturned(call);
  }

  /**
   * No call may stay behind a long one while a worker is idle or could be booted, nor while others go by it, nor may one that is
   * more urgent wait for it: looks again as long as there is reason to, though not at once, as most calls are short.
   */
  watch(): void {
    // Asked with each call. Where a worker is lost, `onIdle` sees to it that this is sooner.
    if (this.#looksIn < Infinity) return;
    this.#lookIn(this.#fleet.slots.canGrow ? LONG_CALL : STUCK_CALL);
  }

  /**
   * A worker has become idle: it takes over the oldest of the calls behind those that are known to be long, and others if
   * it shows in a moment that they are behind such a one.
   */
  onIdle(): void {
    if (this.#isStopped || !this.#hasWaiting()) return;
    let oldest: Call | undefined;
    let place: WorkerSlot | undefined;
    for (const slot of this.#fleet.slots) {
      const { head } = slot;
      const next = head?.next;
      if (!next || (head.target.usualTime ?? 0) < LONG_CALL || (oldest && oldest.id < next.id)) continue;
      oldest = next;
      place = slot;
    }
    if (place) {
      this.recallAll(place);
      this.#fleet.onRoom();
    }
    if (this.#hasWaiting()) this.#lookIn(LONG_CALL);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** @param ms if it would have looked later, it no longer will */
  #lookIn(ms: number): void {
    if (this.#isStopped || this.#looksIn <= ms) return;
    clearTimeout(this.#timer);
    this.#looksIn = ms;
    this.#timer = setTimeout(() => {
      this.#looksIn = Infinity;
      this.#look();
    }, ms);
  }

  #look(): void {
    if (!this.#hasWaiting()) return;
    const longAgo = clock.now() - this.#patience;
    const { slots } = this.#fleet;
    const hasOthers = slots.size > 1 || slots.canGrow;
    for (const slot of slots) {
      const { head } = slot;
      if (!head?.next || head.startedAt >= longAgo) continue;
      if (hasOthers || this.#isOvertaken(head.next)) this.recallAll(slot);
    }
    this.#fleet.onRoom();
    if (this.#hasWaiting()) this.#lookIn(this.#patience);
  }

  /** Whether a call waits that is more urgent than this one, or than one behind it. */
  #isOvertaken(first: Call): boolean {
    const urgent = this.#fleet.next?.terms.priority ?? -Infinity;
    for (let call: Call | undefined = first; call; call = call.next) {
      if (call.terms.priority < urgent) return true;
    }
    return false;
  }

  /** How long a call may run with others behind it, in ms. */
  get #patience(): number {
    return this.#hasHelp() ? LONG_CALL : STUCK_CALL;
  }

  #hasHelp(): boolean {
    for (const slot of this.#fleet.slots) if (slot.state === 'ready' && slot.calls.size === 0) return true;
    return this.#fleet.slots.canGrow;
  }

  #hasWaiting(): boolean {
    for (const slot of this.#fleet.slots) if (slot.calls.size > 1) return true;
    return false;
  }
}
