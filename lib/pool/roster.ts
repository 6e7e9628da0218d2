import type { Call, CallPlace } from './call.js';
import { mayTakeAhead } from './prefetch.js';
import type { PoolSettings } from '../options/pool-settings.js';
import type { WorkerSlot } from './worker-slot.js';

/** Whether a call would begin in one worker sooner than in another: it has fewer calls, or has run as many for longer. */
function isSooner({ calls }: WorkerSlot, { calls: others }: WorkerSlot): boolean {
  const more = calls.size - others.size;
  return more < 0 || (more === 0 && (calls.head?.startedAt ?? 0) < (others.head?.startedAt ?? 0));
}

/** The workers of a pool: how many there are, and which. */
export class Roster extends Set<WorkerSlot> {
  constructor(readonly settings: PoolSettings) {
    super();
  }

  /** Workers that take calls. */
  get live(): number {
    return this.count((slot) => slot.state === 'ready');
  }

  get booting(): number {
    return this.count((slot) => slot.state === 'booting');
  }

  /** Workers that wait for their successor. */
  get due(): number {
    return this.count((slot) => slot.isDue && slot.state === 'ready');
  }

  /** Workers that have, or had, a successor and are not gone yet. */
  get leaving(): number {
    return this.count((slot) => slot.state === 'retiring' || slot.state === 'closing');
  }

  /**
   * How many of the pool's places are taken. A worker that leaves in good order has its successor already; so have
   * condemned ones, up to the size once more.
   */
  get standing(): number {
    const condemned = this.count((slot) => slot.isCondemned && slot.state === 'retiring');
    const { max } = this.settings.size;
    // What is to be recycled stays until fewer are leaving.
    const { due } = this;
    const staying = due === 0 ? 0 : Math.max(0, due - Math.max(0, max - this.leaving));
    return this.count(isStanding) + staying + Math.max(0, condemned - max);
  }

  /** How many calls could start at once, counting workers that are still to be booted. */
  get room(): number {
    const { size, concurrency } = this.settings;
    let room = Math.max(0, size.max - this.standing) * concurrency;
    for (const slot of this) {
      if (slot.state === 'booting') room += concurrency;
      else if (slot.state === 'ready') room += Math.max(0, concurrency - slot.calls.size);
    }
    return room;
  }

  /** Whether another worker could be booted. */
  get canGrow(): boolean {
    return this.standing < this.settings.size.max;
  }

  /** A ready worker that can begin the call at once; else one that can hold it in advance. */
  roomFor(call: Call): WorkerSlot | undefined {
    const { concurrency, prefetches } = this.settings;
    let best: WorkerSlot | undefined;
    for (const slot of this) {
      if (slot.state !== 'ready' || slot.isGone) continue;
      if (slot.calls.size === 0) return slot;
      // What is moved cannot be taken back: it goes only where it begins at once.
      if (call.isMoved && slot.calls.size >= concurrency) continue;
      if (slot.isRecalling || (best && !isSooner(slot, best))) continue;
      if (slot.calls.size < concurrency || (prefetches && mayTakeAhead(slot, call))) best = slot;
    }
    return best;
  }

  /** The calls that are in workers. */
  get calls(): Call[] {
    return [...this].flatMap((slot) => [...slot.calls]);
  }

  at(place: CallPlace): WorkerSlot | undefined {
    return this.find((slot) => slot === place);
  }

  count(matches: (slot: WorkerSlot) => boolean): number {
    let count = 0;
    for (const slot of this) if (matches(slot)) count++;
    return count;
  }

  find(matches: (slot: WorkerSlot) => boolean): WorkerSlot | undefined {
    for (const slot of this) if (matches(slot)) return slot;
    return undefined;
  }
}

/** Whether it fills one of the pool's places. */
function isStanding(slot: WorkerSlot): boolean {
  return slot.state === 'booting' || (slot.state === 'ready' && !slot.isDue) || slot.state === 'killed';
}
