import type { CallTarget, HostCall, WorkerHandle } from '../hosts/worker-host.interface.js';
import type { Payload } from '../wire/payload.js';
import type { Caller } from './call-stack.js';
import type { LateTimer } from './late-timer.js';
import { clock } from '../node-timers.js';

/** What holds for a call once the pool's options and its own are put together. */
export interface CallTerms {
  /** In ms; 0: none. */
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly priority: number;
  readonly retries: number;
}

/** The worker that a call is in. */
export interface CallPlace {
  readonly handle: WorkerHandle;
}

/** A call that was given up while it was in a worker. */
interface GivenUp {
  readonly place: CallPlace;
  /** When, on `performance.now()`'s clock. */
  readonly at: number;
  readonly reason: string;
  /** Until it begins, its worker may go on to load what it runs. */
  readonly mayLoad: boolean;
}

/**
 * One accepted call.
 *
 * | state | facts | set by |
 * |---|---|---|
 * | being located | in `OpenCalls.locating` | Pool |
 * | waiting | `isQueued` | CallQueue |
 * | in a worker, not begun | `place`; `isAhead` while somebody waits for it | Pool |
 * | running | `place`, `startedAt` | Pool, told by the worker, or where that announces nothing by the hand-over |
 * | being read | in `OpenCalls.completing` | Settlement |
 * | settled | `isSettled`, which turns true exactly once | Settlement |
 * | given up, and still in a worker | `isSettled`, `place`, `givenUp` | GivingUp: it only occupies its place there |
 */
export class Call implements HostCall {
  attempt = 1;
  isSettled = false;
  place: CallPlace | undefined;
  /** It was handed over in advance, has not started, and somebody waits for it. */
  isAhead = false;
  /** It was handed over behind others: its worker does not begin it if that is beyond the limit (see Marks). */
  mayStepBack = false;
  /** It may begin although the limit was set shortly before (see LimitLease). */
  isLeased = false;
  /** Its worker says itself when it starts. */
  isAnnounced = false;
  /** Workers that ended before it began in them. */
  detours = 0;
  /** Its sequence number in its worker (see Marks). */
  seq = 0;
  readonly acceptedAt = clock.now();
  startedAt = 0;
  /** From when on its `queueTimeout` counts. */
  waitsSince = this.acceptedAt;
  /** Counts `queueTimeout` first, `timeout` later. */
  timer: LateTimer | undefined;
  /** Its `queueTimeout` has ended, and whether it began by then is not known yet. */
  expired: Error | undefined;
  /** While it is in a worker still. */
  givenUp: GivenUp | undefined;
  /** Runs while its worker is to load what it runs, and from when it was given up in a worker until it has left it. */
  grace: LateTimer | undefined;
  /** Takes the listeners off the caller's signals. */
  release: (() => void) | undefined;
  // The links of the list that it is in.
  next: Call | undefined;
  previous: Call | undefined;
  isQueued = false;

  constructor(
    readonly id: number,
    readonly target: CallTarget,
    readonly self: unknown,
    public args: Payload,
    readonly signals: number,
    readonly terms: CallTerms,
    readonly caller: Caller,
  ) {}

  /** It has begun, or had, as it turns out: if it waits again, `queueTimeout` counts anew. */
  stopWaiting(): void {
    this.timer?.stop();
    this.timer = undefined;
    this.expired = undefined;
  }

  get timeout(): number {
    return this.terms.timeout;
  }

  /** Whether its arguments are gone once it is handed over. */
  get isMoved(): boolean {
    return this.args.moves;
  }

  get label(): string {
    return this.target.label;
  }
}
