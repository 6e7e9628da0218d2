import type { Call } from './call.js';

/** The calls of one priority, in order. */
interface Lane {
  readonly priority: number;
  head: Call | undefined;
  tail: Call | undefined;
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
    const lane = this.#laneOf(call);
    call.previous = lane.tail;
    if (lane.tail) lane.tail.next = call;
    else lane.head = call;
    lane.tail = call;
    this.#added(call);
  }

  /** Puts a call back that was taken out before, ahead of its equals. */
  unshift(call: Call): void {
    const lane = this.#laneOf(call);
    call.next = lane.head;
    if (lane.head) lane.head.previous = call;
    else lane.tail = call;
    lane.head = call;
    this.#added(call);
  }

  /** The call that is to start next. */
  peek(): Call | undefined {
    return this.#lanes[0]?.head;
  }

  shift(): Call | undefined {
    const call = this.peek();
    if (call) this.remove(call);
    return call;
  }

  remove(call: Call): void {
    if (!call.isQueued) return;
    const lane = this.#laneOf(call);
    if (call.previous) call.previous.next = call.next;
    else lane.head = call.next;
    if (call.next) call.next.previous = call.previous;
    else lane.tail = call.previous;
    call.next = call.previous = undefined;
    call.isQueued = false;
    this.#size--;
    if (!lane.head) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
  }

  /** All that wait, in the order in which they would start. */
  toArray(): Call[] {
    const calls: Call[] = [];
    for (const lane of this.#lanes) for (let call = lane.head; call; call = call.next) calls.push(call);
    return calls;
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
    const lane: Lane = { priority, head: undefined, tail: undefined };
    this.#lanes.splice(index, 0, lane);
    return lane;
  }
}
