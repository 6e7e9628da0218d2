import {
  type ExecutorBootError,
  ExecutorClosedError,
  ExecutorQueueFullError,
  ExecutorWorkerLostError,
} from '../errors/executor.errors.js';
import type { CallTarget, WorkerEnd, WorkerHost } from '../hosts/worker-host.interface.js';
import type { ExecutorStats } from '../interfaces/executor.interface.js';
import type { AttachmentStore } from '../wire/attachments.js';
import type { OutcomePayload, Payload } from '../wire/payload.js';
import { forgetMoved } from '../wire/transfer.js';
import type { Call } from './call.js';
import { CallIntake, type CallRequest } from './call-intake.js';
import type { Caller } from './call-stack.js';
import { Fleet, type FleetListener } from './fleet.js';
import { GivingUp } from './giving-up.js';
import { LateTimer } from './late-timer.js';
import { OpenCalls } from './open-calls.js';
import type { PoolSettings } from '../options/pool-settings.js';
import { PoolStatistics } from './pool-statistics.js';
import { Settlement } from './settlement.js';
import type { LeftCall } from './slot-listener.js';
import type { WorkerSlot } from './worker-slot.js';
import { clock } from '../node-timers.js';

/** How many workers may end before a call begins in them until it is taken for the reason. */
const MAX_DETOURS = 10;

/** For how many of them one counts that ended while it loaded what the call runs: most likely by that. */
const LOADING_DETOUR = 4;

/**
 * One pool: takes calls, lets them wait, hands each to a worker with room, and settles it, once. Where
 * workers come from is the fleet's business; what they are is the host's.
 */
export class Pool implements FleetListener {
  readonly #open = new OpenCalls(() => this.onRoom());
  readonly #statistics = new PoolStatistics();
  readonly #fleet: Fleet;
  readonly #intake: CallIntake;
  readonly #store: AttachmentStore;
  readonly #settlement: Settlement;
  readonly #givingUp: GivingUp;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  /** Runs from when closing is announced. */
  #deadline: LateTimer | undefined;

  constructor(
    readonly settings: PoolSettings,
    host: WorkerHost,
    readonly log: (line: string) => void,
  ) {
    const { codec } = host;
    this.#fleet = new Fleet(settings, host, this);
    this.#intake = new CallIntake(settings, codec, host.store, {
      checkRoom: (target) => this.#checkRoom(target),
      onAbort: (call, reason) => this.#givingUp.giveUp(call, reason, true),
    });
    this.#store = host.store;
    this.#settlement = new Settlement(settings.name, codec, host.store, this.#open, this.#statistics);
    this.#givingUp = new GivingUp(settings, codec, this.#settlement, this.#fleet, this);
  }

  /** Begins to warm up, so that workers load while the application goes on starting: `warm` tells how that ends. */
  beginToWarm(): void {
    this.#fleet.warm().catch(() => {});
  }

  /** Boots the pool's minimum of workers. Rejects with ExecutorBootError if one cannot. */
  async warm(): Promise<void> {
    this.#open.keepAlive.hold();
    try {
      await this.#fleet.warm();
    } finally {
      this.#open.keepAlive.release();
    }
  }

  /** Never throws: whatever is wrong is a rejection. */
  submit(target: CallTarget, args: readonly unknown[], request: CallRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      try {
        this.#accept(target, args, request, { resolve, reject });
      } catch (error) {
        this.#settlement.refuse({ resolve, reject }, error, target.label);
        // If the caller sends the same again, it is not moved without his saying so.
        forgetMoved(args);
        // Nobody waits for it any more.
        request.located?.catch(() => {});
      }
    });
  }

  stats(): ExecutorStats {
    const { completed, failed, rejected, lost, waitTime, runTime } = this.#statistics;
    const queued = this.#open.notStarted;
    const running = this.#open.size - queued;
    return {
      workers: this.#fleet.slots.live,
      queued,
      running,
      completed,
      failed,
      rejected,
      lost,
      waitTime: waitTime.percentiles,
      runTime: runTime.percentiles,
    };
  }

  /**
   * The application begins to close: calls are still taken, as requests that are being served need them, but
   * after `shutdownTimeout` those that run are given up. Else a request that waits for one would hold the server
   * open, and the server would hold up close().
   */
  announceClose(): void {
    this.#deadline ??= new LateTimer(() => this.#giveUpAll(), this.settings.shutdownTimeout);
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Resolves when the calls are settled that are open now; after `shutdownTimeout` at the latest, as the close is announced. */
  whenSettled(): Promise<void> {
    return this.#open.whenThese();
  }

  /** Refuses new calls, lets the accepted ones end until `shutdownTimeout`, then ends the workers. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #accept(target: CallTarget, args: readonly unknown[], request: CallRequest, caller: Caller): void {
    const call = this.#intake.take(target, args, request, caller);
    this.#open.add(call);
    this.#givingUp.timeWaiting(call);
    if (request.located) void this.#enqueueWhenLocated(call, request.located);
    else this.#enqueue(call);
    // What it moves must be gone when the caller goes on: it has been posted, or waits.
    if (call.isMoved && !call.place) call.args = this.#sealed(call.args);
  }

  #sealed(args: Payload): Payload {
    return { head: args.head, attachments: this.#store.seal(args.attachments), moves: args.moves };
  }

  #checkRoom({ label }: CallTarget): void {
    const { name, maxQueue } = this.settings;
    if (this.#isClosed) throw new ExecutorClosedError(name, label, 'refused');
    const waiting = this.#open.notStarted;
    if (waiting < maxQueue || waiting < maxQueue + this.#fleet.slots.room) return;
    throw new ExecutorQueueFullError(name, maxQueue, label);
  }

  async #enqueueWhenLocated(call: Call, located: Promise<void>): Promise<void> {
    this.#open.locating.add(call);
    try {
      await located;
    } catch (error) {
      this.#settlement.fail(call, error);
    }
    this.#open.locating.delete(call);
    // Among its equals it is where it would have been.
    if (!call.isSettled) this.#open.queue.putBack(call);
    this.onRoom();
  }

  #enqueue(call: Call): void {
    const { queue, locating } = this.#open;
    const slot = queue.size === 0 && !locating.holdUp(call) ? this.#fleet.takeRoom(call) : undefined;
    if (slot) return this.#handOver(call, slot);
    queue.push(call);
    this.onRoom();
  }

  // What the fleet reports.

  waiting(): number {
    return this.#open.queue.size;
  }

  next(): Call | undefined {
    return this.#open.queue.peek();
  }

  onRoom(): void {
    const { queue } = this.#open;
    while (queue.size > 0) {
      const call = this.#open.nextToStart();
      // All wait for one that is being located: no worker is missing.
      if (!call) return;
      const slot = this.#fleet.takeRoom(call);
      if (!slot) break;
      queue.remove(call);
      this.#handOver(call, slot);
    }
    if (queue.size > 0) this.#fleet.adjust();
  }

  #handOver(call: Call, slot: WorkerSlot): void {
    call.place = slot;
    slot.start(call);
    this.#open.setAhead(call, this.settings.prefetches && slot.head !== call);
    if (call.isAhead) return;
    this.onNext(call);
  }

  /** Where its worker does not say when it starts, this is when. */
  onNext(call: Call): void {
    if (call.isAnnounced) this.#givingUp.watchLoading(call);
    else this.onStarted(call);
  }

  onStarted(call: Call): void {
    if (call.startedAt > 0) return;
    this.#open.setAhead(call, false);
    call.startedAt = clock.now();
    if (call.isSettled) return this.#givingUp.startGrace(call);
    call.grace?.stop();
    call.stopWaiting();
    this.#givingUp.timeRun(call);
  }

  onWithdrawn(call: Call): void {
    if (call.expired) this.#givingUp.giveUp(call, call.expired);
  }

  onReturned(call: Call): void {
    this.leave(call);
    // It only seemed to have started, if at all.
    if (!call.isSettled) this.#waitAgain(call, call.waitsSince);
  }

  onSettled(call: Call, failed: boolean, outcome: OutcomePayload): void {
    this.leave(call);
    if (call.isSettled) return;
    this.#settlement.settle(call, failed, outcome);
  }

  onLost({ call, wasTaken, hadBegun }: LeftCall, end: WorkerEnd): void {
    this.leave(call);
    if (call.isSettled) return;
    if (hadBegun) call.stopWaiting();
    else call.detours += wasTaken ? LOADING_DETOUR : 1;
    if (hadBegun && call.attempt <= call.terms.retries) {
      call.attempt++;
    } else if (hadBegun || call.isMoved || call.detours >= MAX_DETOURS) {
      const { name } = this.settings;
      const options = end.cause === undefined ? undefined : { cause: end.cause };
      this.#settlement.lose(call, new ExecutorWorkerLostError(name, end, call.label, call.attempt, options));
      return;
    }
    this.#waitAgain(call);
  }

  /** @param since from when on its `queueTimeout` counts, if that was stopped: else it has all of it again */
  #waitAgain(call: Call, since = clock.now()): void {
    if (call.expired) return this.#settlement.fail(call, call.expired);
    if (call.startedAt > 0 || !call.timer) {
      call.timer?.stop();
      call.startedAt = 0;
      this.#givingUp.timeWaitingSince(call, since);
    }
    if (!call.isSettled) this.#open.queue.putBack(call);
  }

  /** It is in no worker any more. */
  leave(call: Call): void {
    this.#open.setAhead(call, false);
    call.place = undefined;
    call.grace?.stop();
    call.grace = undefined;
    if (call.isSettled) this.#store.release(call.args.attachments);
  }

  onHopeless(error: ExecutorBootError): void {
    for (const call of this.#open.queue.toArray()) this.#settlement.fail(call, error);
  }

  // How it ends.

  async #close(): Promise<void> {
    this.announceClose();
    this.#isClosed = true;
    this.#open.keepAlive.hold();
    await this.#open.whenNone();
    this.#deadline?.stop();
    await this.#fleet.close();
    this.#store.close();
    this.#open.keepAlive.close();
  }

  #giveUpAll(): void {
    this.#isClosed = true;
    const { name } = this.settings;
    const open = [...this.#open.outsideWorkers(), ...this.#fleet.slots.calls];
    for (const call of open)
      this.#givingUp.giveUp(call, new ExecutorClosedError(name, call.label, 'unfinished'));
  }
}
