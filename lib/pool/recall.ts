import type { WorkerHandle } from '../hosts/worker-host.interface.js';
import { clock } from '../node-timers.js';
import { LEASE_OVER } from '../wire/limit-lease.js';
import { isBeyond, later, NO_SEQ } from '../wire/marks.js';
import type { Call } from './call.js';
import type { CallList } from './call-list.js';

/** Several at a time run beside each other, so that the limit may be behind them. */
function hasSaidItBegan(call: Call): boolean {
  return call.isAnnounced && call.startedAt > 0;
}

/** How calls are taken back from one worker: from when it may not begin all of them until it has dropped those that were. */
export class Recall {
  readonly #marks: WorkerHandle['marks'];
  readonly #calls: CallList;
  /** Calls that were taken back and that the worker has yet to drop. */
  readonly #recalled = new Set<number>();
  /** The last call that the worker may begin, while it must not begin all. */
  #limit: number | undefined;
  /** Since when there is a limit, whichever: a worker that has seen one has no lease any more, and sees it lowered at once. */
  #limitedAt = 0;
  /** Whether the worker may begin calls beyond the limit, as it may not have seen that. */
  isUnsure = false;

  /** @param calls those that the worker has */
  constructor(marks: WorkerHandle['marks'], calls: CallList) {
    this.#marks = marks;
    this.#calls = calls;
  }

  /** Whether there is a limit: the worker has yet to drop calls, or to end those that it began beyond it. */
  get isGoingOn(): boolean {
    return this.#limit !== undefined;
  }

  /**
   * @returns the calls behind that one which the worker has not begun, and now never will, in order: each counts as taken back, and
   * must be taken out of the worker's. There are none while the worker has a lease; after `LEASE_OVER` it can be asked again. Meanwhile
   * calls step back one by one, as the worker sees the limit.
   */
  behind(seq: number): Call[] {
    const marks = this.#marks;
    if (!marks) return [];
    // Not behind what has begun: the limit would have to wait until that has said so.
    let limit = later(seq, marks.getStarted());
    if (limit === NO_SEQ) limit = -1;
    if (this.#limit === undefined || isBeyond(this.#limit, limit)) {
      marks.setLimit(limit);
      if (this.#limit === undefined) this.#limitedAt = clock.now();
      this.#limit = limit;
    } else if (!this.isUnsure) {
      return [];
    }
    // Before what has begun is read: this process may be halted in between.
    const at = clock.now();
    const started = marks.getStarted();
    const last = later(this.#limit, started);
    const found = [...this.#calls].filter((call) => this.#isToDrop(call, last));
    this.isUnsure = found.some((call) => call.isLeased) && !this.#wasLeaseOver(at, started);
    if (this.isUnsure) return [];
    for (const call of found) this.#recalled.add(call.seq);
    return found;
  }

  /** @returns whether the worker was to drop this call, which it has done now */
  hasDropped(seq: number): boolean {
    return this.#recalled.delete(seq);
  }

  /**
   * Only when the worker has dropped all that was taken back may it begin anything again.
   * @returns whether it may now, and before might not
   */
  endIfDone(): boolean {
    const limit = this.#limit;
    if (limit === undefined || this.#recalled.size > 0) return false;
    for (const call of this.#calls) {
      if (isBeyond(call.seq, limit) && call.mayStepBack && !hasSaidItBegan(call)) return false;
    }
    this.#limit = undefined;
    this.isUnsure = false;
    this.#marks?.setLimit(NO_SEQ);
    return true;
  }

  /**
   * One that was given up stays where it is: its worker has been told of it, and answers. And so does the first one, whose end the others
   * wait for: if it has not begun, it steps back.
   */
  #isToDrop(call: Call, last: number): boolean {
    return isBeyond(call.seq, last) && !call.isMoved && !call.givenUp && call !== this.#calls.head;
  }

  /** @param started the last call that had begun then, or later */
  #wasLeaseOver(at: number, started: number): boolean {
    const longAgo = at - LEASE_OVER;
    if (this.#limitedAt <= longAgo) return true;
    const { head } = this.#calls;
    return head?.seq === started && head.startedAt > 0 && head.startedAt <= longAgo;
  }
}
