import type { Call } from './call.js';
import { CallQueue } from './call-queue.js';
import { KeepAlive } from './keep-alive.js';
import { LocatingCalls } from './locating-calls.js';

/**
 * The accepted calls of a pool that are not settled: how many there are, and where those are that are in no worker.
 * As long as there is one, the event loop is kept alive.
 */
export class OpenCalls {
  readonly queue = new CallQueue();
  readonly keepAlive = new KeepAlive();
  readonly locating: LocatingCalls;
  /** Calls whose outcome has come and is not complete yet. */
  readonly completing = new Set<Call>();
  #size = 0;
  /** Calls in a worker that have not started there. */
  #ahead = 0;
  #onNone: (() => void) | undefined;
  #lastId = 0;
  #these: Promise<void> | undefined;
  /** Who waits for the calls up to that one, and how many of them are left. */
  #awaited: { readonly lastId: number; left: number; readonly resolve: () => void } | undefined;

  /** @param onRoom called when calls need no longer wait for one that is being located */
  constructor(onRoom: () => void) {
    this.locating = new LocatingCalls(onRoom);
  }

  get size(): number {
    return this.#size;
  }

  /** Of those that wait here; `undefined` while there is none that may start. */
  nextToStart(): Call | undefined {
    if (this.locating.size === 0) return this.queue.peek();
    for (const call of this.queue.heads()) if (!this.locating.holdUp(call)) return call;
    return undefined;
  }

  /** How many have not started: they wait here, are being located, or were handed over in advance. */
  get notStarted(): number {
    return this.queue.size + this.locating.size + this.#ahead;
  }

  /** All that are in no worker. */
  outsideWorkers(): Call[] {
    return [...this.queue.toArray(), ...this.locating, ...this.completing];
  }

  add(call: Call): void {
    this.#lastId = call.id;
    this.#size++;
    this.keepAlive.hold();
  }

  /** It was settled. */
  remove(call: Call): void {
    this.queue.remove(call);
    this.locating.delete(call);
    this.completing.delete(call);
    this.setAhead(call, false);
    this.keepAlive.release();
    const awaited = this.#awaited;
    if (awaited && call.id <= awaited.lastId && --awaited.left === 0) awaited.resolve();
    if (--this.#size === 0) this.#onNone?.();
  }

  setAhead(call: Call, isAhead: boolean): void {
    if (call.isAhead === isAhead) return;
    call.isAhead = isAhead;
    this.#ahead += isAhead ? 1 : -1;
  }

  /** Resolves when those are settled that were open when it was asked first. */
  whenThese(): Promise<void> {
    return (this.#these ??= new Promise<void>((resolve) => {
      if (this.#size === 0) return resolve();
      this.#awaited = { lastId: this.#lastId, left: this.#size, resolve };
    }));
  }

  /** Resolves when none is left. */
  async whenNone(): Promise<void> {
    if (this.#size > 0) await new Promise<void>((resolve) => (this.#onNone = resolve));
  }
}
