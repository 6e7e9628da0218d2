import type { Call } from './call.js';
import { CallList } from './call-list.js';

/** The calls of one priority. */
class Lane extends CallList {
  constructor(readonly priority: number) {
    super();
  }
}

/**
 * Accepted calls that have not started: higher priority first, else first come, first served. Adding and
 * taking out, from anywhere, cost the same with one call waiting as with 100,000; applications use few
 * different priorities, so the lanes are a sorted list.
 */
export class CallQueue {
  readonly #lanes: Lane[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(call: Call): void {
    this.#laneOf(call).push(call);
    this.#added(call);
  }

  /** Puts a call back that was taken out before: among its equals it is where it was, whatever comes back before or after it. */
  putBack(call: Call): void {
    this.#laneOf(call).insert(call);
    this.#added(call);
  }

  /** The call that is to start next. */
  peek(): Call | undefined {
    return this.#lanes[0]?.head;
  }

  /** The first call of each priority, in the order in which they would start. */
  *heads(): Iterable<Call> {
    for (const { head } of this.#lanes) if (head) yield head;
  }

  remove(call: Call): void {
    if (!call.isQueued) return;
    const lane = this.#laneOf(call);
    lane.remove(call);
    call.isQueued = false;
    this.#size--;
    if (lane.size === 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
  }

  /** All that wait, in the order in which they would start. */
  toArray(): Call[] {
    return this.#lanes.flatMap((lane) => [...lane]);
  }

  #added(call: Call): void {
    call.isQueued = true;
    this.#size++;
  }

  #laneOf({ terms: { priority } }: Call): Lane {
    let index = 0;
    for (; index < this.#lanes.length; index++) {
      const lane = this.#lanes[index] as Lane;
      if (lane.priority === priority) return lane;
      if (lane.priority < priority) break;
    }
    const lane = new Lane(priority);
    this.#lanes.splice(index, 0, lane);
    return lane;
  }
}
