import type { WorkerEnd } from '../hosts/worker-host.interface.js';
import type { OutcomePayload } from '../wire/payload.js';
import type { Call } from './call.js';
import type { WorkerSlot } from './worker-slot.js';

/** A call that was in a worker when that ended. */
export interface LeftCall {
  readonly call: Call;
  /** The worker had begun to load what it runs, at the least. */
  readonly wasTaken: boolean;
  readonly hadBegun: boolean;
}

/** What a worker's slot tells its fleet. */
export interface SlotListener {
  onReady(slot: WorkerSlot): void;
  onStarted(call: Call): void;
  onWithdrawn(call: Call): void;
  /** It was about to begin a call when that was taken back, and did not. */
  onSteppedBack(slot: WorkerSlot, call: Call): void;
  /** It has dropped a call that was taken back: it may have room again. */
  onRoom(): void;
  onSettled(slot: WorkerSlot, call: Call, failed: boolean, outcome: OutcomePayload): void;
  onOutgrown(slot: WorkerSlot): void;
  onEnded(slot: WorkerSlot, end: WorkerEnd): void;
  log(line: string): void;
}
