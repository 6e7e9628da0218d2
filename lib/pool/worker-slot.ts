import type { WorkerEnd, WorkerHandle, WorkerHost, WorkerListener } from '../hosts/worker-host.interface.js';
import type { Payload } from '../wire/payload.js';
import { ProtocolError } from '../wire/channel.js';
import type { Call } from './call.js';

/**
 * - `booting`: takes no calls yet.
 * - `ready`: takes calls.
 * - `retiring`: takes no more calls; ends when those it has are done.
 * - `closing`: has been asked to end.
 * - `killed`: is being ended by force. Counts as a worker until it is gone.
 */
export type SlotState = 'booting' | 'ready' | 'retiring' | 'closing' | 'killed';

/** What a slot tells its fleet. */
export interface SlotListener {
  onReady(slot: WorkerSlot): void;
  onStarted(call: Call): void;
  onSettled(slot: WorkerSlot, call: Call, failed: boolean, outcome: Payload): void;
  onOutgrown(slot: WorkerSlot): void;
  onEnded(slot: WorkerSlot, end: WorkerEnd): void;
}

/** One worker and the calls that are in it. */
export class WorkerSlot implements WorkerListener {
  state: SlotState = 'booting';
  readonly calls = new Map<number, Call>();
  readonly handle: WorkerHandle;
  /** Calls that it finished. */
  served = 0;
  /** A successor is on its way (`recycle`). */
  isDue = false;
  /** A call that was given up goes on in it: once nobody waits for its other calls, it is ended by force. */
  isCondemned = false;
  /** When it last gave a sign of life, on `performance.now()`'s clock. */
  aliveAt = 0;
  bootError: unknown;
  /** Boot, idle or closing timer: one at a time. */
  timer: NodeJS.Timeout | undefined;
  readonly #listener: SlotListener;
  #turns = 0;

  /** @throws whatever the host throws where a worker cannot even be spawned */
  constructor(host: WorkerHost, listener: SlotListener) {
    this.#listener = listener;
    this.handle = host.spawn(this);
  }

  /** Hands a call over. */
  start(call: Call): void {
    call.turn = ++this.#turns;
    this.calls.set(call.id, call);
    this.handle.start(call);
  }

  /** Whether everything in it has been answered already, so that nobody waits for this worker. */
  get isForsaken(): boolean {
    for (const call of this.calls.values()) if (!call.isSettled) return false;
    return true;
  }

  /** Whether the worker had begun the call when it ended. Where that cannot be told, its oldest is blamed. */
  hadBegun(call: Call, begun: number | undefined): boolean {
    if (begun === undefined) return call === this.calls.values().next().value;
    // Both count modulo 2^32.
    return ((call.turn - begun) | 0) <= 0;
  }

  stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  ready(): void {
    this.#listener.onReady(this);
  }

  bootFailed(error: unknown): void {
    this.bootError = error;
  }

  started(callId: number): void {
    const call = this.calls.get(callId);
    if (call) this.#listener.onStarted(call);
  }

  settled(callId: number, failed: boolean, outcome: Payload): void {
    const call = this.calls.get(callId);
    if (!call) {
      this.handle.kill(
        new ProtocolError(`a reply for call ${callId} came, which this worker was never given`),
      );
      return;
    }
    this.calls.delete(callId);
    this.served++;
    this.#listener.onSettled(this, call, failed, outcome);
  }

  alive(): void {
    this.aliveAt = performance.now();
  }

  outgrown(): void {
    this.#listener.onOutgrown(this);
  }

  ended(end: WorkerEnd): void {
    this.stopTimer();
    this.#listener.onEnded(this, end);
  }
}
