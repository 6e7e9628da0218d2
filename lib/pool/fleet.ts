import { ExecutorBootError, ExecutorClosedError } from '../errors/executor.errors.js';
import type { WorkerEnd, WorkerHost } from '../hosts/worker-host.interface.js';
import type { OutcomePayload } from '../wire/payload.js';
import { BackOff } from './back-off.js';
import type { Call, CallPlace } from './call.js';
import { LateTimer } from './late-timer.js';
import { Relief } from './relief.js';
import type { PoolSettings } from '../options/pool-settings.js';
import { Roster } from './roster.js';
import { lossOf, refusedStart, silentEnd, slowBoot, unusedEnd } from './worker-end.js';
import type { LeftCall, SlotListener } from './slot-listener.js';
import { WorkerSlot } from './worker-slot.js';
import { clearTimeout, setTimeout } from '../node-timers.js';

/** After so many failed boots in a row, or workers that ended before they began a call, with no live one, what waits is rejected. */
const HOPELESS = 3;

/** What a fleet tells its pool. */
export interface FleetListener {
  /** A worker can take a call. */
  onRoom(): void;
  onStarted(call: Call): void;
  /** It did not begin, as its `queueTimeout` has ended, and never will. */
  onWithdrawn(call: Call): void;
  /** It is the next to begin in its worker. */
  onNext(call: Call): void;
  /** It never began and never will, where it was: it waits again. */
  onReturned(call: Call): void;
  onSettled(call: Call, failed: boolean, outcome: OutcomePayload): void;
  /** Its worker ended before the call did. */
  onLost(left: LeftCall, end: WorkerEnd): void;
  /** No worker is live, and none could be booted of late. */
  onHopeless(error: ExecutorBootError): void;
  /** How many calls wait for a worker. */
  waiting(): number;
  /** The first of them. */
  next(): Call | undefined;
  log(line: string): void;
}

/** The workers of one pool: booted, grown, shrunk, replaced, recycled and put down. */
export class Fleet implements SlotListener {
  readonly #settings: PoolSettings;
  readonly #host: WorkerHost;
  readonly #pool: FleetListener;
  readonly slots: Roster;
  readonly relief = new Relief(this);
  readonly #backOff = new BackOff();
  #minimum = 0;
  #retry: NodeJS.Timeout | undefined;
  #warming: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #warmed: Promise<void> | undefined;
  #whenEmpty: (() => void) | undefined;
  #isClosed = false;

  constructor(settings: PoolSettings, host: WorkerHost, pool: FleetListener) {
    this.#settings = settings;
    this.slots = new Roster(settings);
    this.#host = host;
    this.#pool = pool;
  }

  /**
   * Boots the minimum of workers, and keeps it from now on. Rejects with what the first failed boot threw, once,
   * to whoever asks first or later.
   */
  warm(): Promise<void> {
    this.#warmed ??= new Promise((resolve, reject) => {
      if (this.#isClosed)
        return reject(new ExecutorClosedError(this.#settings.name, 'The start', 'starting'));
      this.#warming = { resolve, reject };
      this.#minimum = this.#settings.size.min;
      this.adjust();
      this.#checkWarm();
    });
    return this.#warmed;
  }

  /** A ready worker that can begin the call at once; else one that can hold it in advance. */
  takeRoom(call: Call): WorkerSlot | undefined {
    const slot = this.slots.roomFor(call);
    if (slot?.head && this.#settings.prefetches) this.relief.watch();
    return slot;
  }

  /** Boots what is missing: up to the minimum, for calls that wait, and for workers that are due. */
  adjust(): void {
    if (this.#isClosed) return;
    const { size, concurrency } = this.#settings;
    const waiting = this.#pool.waiting();
    // From the first call on, a lazy pool is like the others.
    if (waiting > 0) this.#minimum = size.min;
    for (;;) {
      const { booting, standing, due } = this.slots;
      // Those that are to be recycled wait while as many are leaving still: their calls may be long.
      const isMissing =
        standing < this.#minimum || (due > 0 && booting < Math.min(due, size.max - this.slots.leaving));
      const isShort = standing < size.max && booting * concurrency < waiting;
      if (!isMissing && !isShort) return;
      // While boots fail, one trial at a time is enough.
      if (this.#backOff.failedBoots > 0 && booting > 0) return;
      if (this.#backOff.remaining > 0) return this.#adjustLater(this.#backOff.remaining);
      this.#spawn();
    }
  }

  get next(): Call | undefined {
    return this.#pool.next();
  }

  /** A call that was handed over in advance waits again. */
  onReturned(call: Call): void {
    this.#pool.onReturned(call);
  }

  onRoom(): void {
    this.#pool.onRoom();
  }

  log(line: string): void {
    this.#pool.log(line);
  }

  /** Lets a worker finish what it has, and end. */
  retire(slot: WorkerSlot): void {
    if (slot.state !== 'ready') return;
    slot.state = 'retiring';
    slot.stopTimer();
    this.#closeIfDone(slot);
    this.adjust();
  }

  /**
   * A call in it was given up and went on: the worker must go. Its other calls may finish, unless
   * they cannot, as its event loop is blocked.
   * @param since when the worker was asked for a sign of life
   */
  putDown(place: CallPlace, since: number, why: string): void {
    const slot = this.slots.at(place);
    if (!slot) return;
    if (slot.isForsaken || slot.aliveAt < since) {
      slot.kill(why);
    } else if (!slot.isCondemned) {
      slot.isCondemned = true;
      this.retire(slot);
      slot.watch(why);
    }
  }

  /** Ends all workers: in good order, or by force after `CLOSING_GRACE`. Resolves when none is left. */
  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.relief.stop();
    this.#warming?.reject(new ExecutorClosedError(this.#settings.name, 'The start', 'starting'));
    this.#warming = undefined;
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
      for (const slot of this.slots) {
        // One that boots is let finish that: a thread that is ended while it reads files leaves them open.
        if (slot.state !== 'killed' && slot.state !== 'closing') slot.close();
      }
      if (this.slots.size === 0) resolve();
    });
  }

  onReady(slot: WorkerSlot): void {
    // One that took too long is being ended.
    if (slot.state !== 'booting' || slot.isGone || slot.bootError !== undefined) return;
    slot.stopTimer();
    slot.state = 'ready';
    this.#backOff.bootSucceeded();
    const due = this.slots.find((other) => other.isDue && other.state === 'ready');
    if (due && this.slots.leaving < this.#settings.size.max) this.retire(due);
    for (const other of this.slots) if (!other.timer) this.#rest(other);
    this.#checkWarm();
    this.#pool.onRoom();
    this.adjust();
    if (this.#settings.prefetches) this.relief.onIdle();
  }

  onStarted(call: Call): void {
    this.#pool.onStarted(call);
  }

  onWithdrawn(call: Call): void {
    this.#pool.onWithdrawn(call);
  }

  onSteppedBack(slot: WorkerSlot, call: Call): void {
    this.#pool.onReturned(call);
    this.#advance(slot);
  }

  onSettled(slot: WorkerSlot, call: Call, failed: boolean, outcome: OutcomePayload): void {
    this.#backOff.callServed();
    if (slot.served === this.#settings.recycle.calls) this.onOutgrown(slot);
    this.#pool.onSettled(call, failed, outcome);
    this.#advance(slot);
  }

  onOutgrown(slot: WorkerSlot): void {
    if (slot.state !== 'ready' || slot.isDue) return;
    slot.isDue = true;
    this.adjust();
  }

  onEnded(slot: WorkerSlot, end: WorkerEnd): void {
    this.slots.delete(slot);
    const { state } = slot;
    const left = slot.takeAll(end);
    // The last first: each finds its place at the front of the queue.
    for (const one of left.toReversed()) this.#pool.onLost(one, end);
    if (state === 'booting') this.#bootEnded(slot, end);
    else if (state !== 'killed' && state !== 'closing') {
      this.#lost(slot, end, slot.served > 0 || left.some(({ wasTaken }) => wasTaken));
    }
    if (this.slots.size === 0) this.#whenEmpty?.();
    this.#pool.onRoom();
    this.adjust();
    if (this.#settings.prefetches) this.relief.onIdle();
  }

  /** A call has left the worker. */
  #advance(slot: WorkerSlot): void {
    const next = slot.head;
    // What came before has left the worker, so the next one begins, or has begun.
    if (next) this.#pool.onNext(next);
    if (slot.state === 'retiring') this.#closeIfDone(slot);
    else this.#rest(slot);
    this.#pool.onRoom();
    if (slot.calls.size === 0 && this.#settings.prefetches) this.relief.onIdle();
  }

  #spawn(): void {
    let slot: WorkerSlot;
    try {
      slot = new WorkerSlot(this.#host, this);
    } catch (error) {
      // A wrong V8 flag makes the spawn itself throw: a failed boot like any other.
      this.#bootFailed(error);
      return;
    }
    this.slots.add(slot);
    slot.timer = new LateTimer(() => {
      slot.bootError = new Error(slowBoot(this.#settings.bootTimeout, slot.bootStep));
      slot.handle.kill();
    }, this.#settings.bootTimeout).unref();
  }

  #adjustLater(delay: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.adjust(), delay + 1).unref();
  }

  #bootEnded(slot: WorkerSlot, end: WorkerEnd): void {
    if (this.#isClosed) return;
    this.#bootFailed(slot.bootError ?? end.cause ?? new Error(silentEnd(end)));
  }

  #bootFailed(cause: unknown): void {
    const error = new ExecutorBootError(this.#settings.name, refusedStart(cause), { cause });
    this.#backOff.bootFailed();
    if (this.#warming) {
      this.#warming.reject(error);
      this.#warming = undefined;
    } else {
      this.log(error.message);
    }
    this.#checkHope(this.#backOff.failedBoots, error);
  }

  #lost(slot: WorkerSlot, end: WorkerEnd, wasUsed: boolean): void {
    this.#backOff.workerLost(wasUsed);
    const { name, kind } = this.#settings;
    this.log(`${slot.handle.label} ${lossOf(end, kind)}; a new worker takes its place`);
    this.#checkHope(this.#backOff.unused, new ExecutorBootError(name, unusedEnd(end), { cause: end.cause }));
  }

  /** @param failures in a row, of one kind */
  #checkHope(failures: number, error: ExecutorBootError): void {
    if (failures >= HOPELESS && this.slots.live === 0) this.#pool.onHopeless(error);
  }

  #checkWarm(): void {
    if (!this.#warming || this.slots.live < this.#minimum) return;
    this.#warming.resolve();
    this.#warming = undefined;
  }

  /** Above the minimum, a worker without calls ends after `idleTimeout`. */
  #rest(slot: WorkerSlot): void {
    const { size, idleTimeout } = this.#settings;
    if (size.max === size.min || slot.calls.size > 0 || slot.state !== 'ready') return;
    slot.stopTimer();
    slot.timer = new LateTimer(() => {
      slot.timer = undefined;
      // Those that boot may never be ready; when they are, it is asked again.
      const isSpare = this.slots.count((other) => other.state === 'ready') > size.min;
      if (slot.calls.size === 0 && isSpare) this.retire(slot);
    }, idleTimeout).unref();
  }

  #closeIfDone(slot: WorkerSlot): void {
    if (slot.calls.size === 0) slot.close();
    else if (slot.isCondemned && slot.isForsaken) slot.kill('its last calls were given up');
  }
}
