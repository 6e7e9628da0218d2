import { afterEach, expect, it, vi } from 'vitest';
import { clock } from '../../lib/node-timers.js';
import { CallList } from '../../lib/pool/call-list.js';
import { Recall } from '../../lib/pool/recall.js';
import { LimitLease } from '../../lib/wire/limit-lease.js';
import { NO_SEQ } from '../../lib/wire/marks.js';
import { Random } from '../chaos/random.js';
import { makeCall } from '../support/make-call.js';

function setClock(now: () => number): void {
  vi.spyOn(clock, 'now').mockImplementation(now);
}

afterEach(() => void vi.restoreAllMocks());

/** A lease on a limit that the test sets, by a clock that the test moves on. */
function makeLease() {
  const state = { at: 0, limit: NO_SEQ, reads: 0 };
  const getLimit = () => {
    state.reads++;
    return state.limit;
  };
  setClock(() => state.at);
  return { state, lease: new LimitLease({ getLimit }) };
}

it('is renewed half a millisecond after the call was begun that was before the last time', () => {
  const { state, lease } = makeLease();
  const reads = [0, 0.1, 0.2, 0.49, 0.51, 0.8, 0.98, 1, 1.3].map((at) => {
    state.at = at;
    lease.getLimit();
    return state.reads;
  });
  // At first nothing is known of a call before; then the one at 0 counts, from 0.51 on the one at 0.49, and at 1 the one at 0.98.
  expect(reads).toEqual([1, 2, 2, 2, 3, 3, 3, 4, 4]);
});

it('does not hold while there is a limit, so that the worker sees at once when that is lifted', () => {
  const { state, lease } = makeLease();
  lease.getLimit();
  state.at = 1;
  state.limit = 7;
  expect([lease.getLimit(), lease.getLimit()]).toEqual([7, 7]);
  state.limit = NO_SEQ;
  expect([lease.getLimit(), state.reads]).toEqual([NO_SEQ, 4]);
});

/**
 * A worker that is given calls in advance, and a parent that takes some back; between any two steps of the one, time passes, up to ten
 * microseconds, or two milliseconds, and steps of the other.
 */
class Model {
  readonly #random: Random;
  readonly #calls = new CallList();
  readonly #lease: LimitLease;
  readonly #recall: Recall;
  #at = 0;
  // What both see.
  #limit = NO_SEQ;
  #started = NO_SEQ;
  readonly #inPipe: { seq: number; isBegun: boolean }[] = [];
  // The worker's.
  readonly #batch: { seq: number; isLeased: boolean }[] = [];
  readonly #work = this.#runWorker();
  #isInWorker = false;
  // The parent's.
  #lastSeq = 0;
  #isInParent = false;
  readonly dropped = new Set<number>();
  readonly begun: number[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
    // Two processors may not agree on the time.
    setClock(() => this.#step(this.#at + (this.#random.next() - 0.5) / 4));
    this.#lease = new LimitLease({ getLimit: () => this.#step(this.#step(this.#limit)) });
    const getStarted = () => this.#step(this.#started);
    const setLimit = (seq: number) => void this.#step((this.#limit = seq));
    this.#recall = new Recall({ getStarted, setLimit }, this.#calls);
  }

  run(): void {
    for (let turn = 0; turn < 300; turn++) {
      this.#pass();
      if (this.#random.chance(0.5)) this.#act();
      else this.#goOn();
    }
    // Each call leaves the worker: its end has been read, or that it did not begin.
    const isOver = () => this.#calls.size === 0 && !this.#recall.isGoingOn;
    for (let turn = 0; turn < 1_000 && !isOver(); turn++) {
      this.#goOn();
      this.#read();
    }
    expect(isOver()).toBe(true);
  }

  /** What is read now is known to whoever reads it only after something else has happened. */
  #step<T>(value: T): T {
    this.#pass();
    if (this.#isInParent && !this.#isInWorker) while (this.#random.chance(0.6)) this.#goOn();
    else if (this.#isInWorker && !this.#isInParent) while (this.#random.chance(0.3)) this.#act();
    return value;
  }

  #pass(): void {
    this.#at += this.#random.chance(0.1) ? this.#random.next() * 2 : this.#random.next() / 100;
  }

  #goOn(): void {
    this.#isInWorker = true;
    this.#work.next();
    this.#isInWorker = false;
  }

  *#runWorker(): Generator<undefined, never> {
    for (;;) {
      const next = this.#batch.shift();
      yield;
      if (!next) continue;
      const { seq } = next;
      // The result before it, or the mark, says so.
      this.#started = seq;
      yield;
      const limit = next.isLeased ? this.#lease.getLimit() : this.#step(this.#limit);
      yield;
      const isBegun = limit === NO_SEQ || seq <= limit;
      if (isBegun) this.begun.push(seq);
      else this.#started = seq - 1;
      yield;
      this.#inPipe.push({ seq, isBegun });
    }
  }

  #act(): void {
    this.#isInParent = true;
    const choice = this.#random.next();
    if (choice < 0.4) this.#read();
    else if (choice < 0.7) this.#handOver();
    else this.#takeBack(this.#lastSeq - this.#random.below(6));
    this.#isInParent = false;
  }

  #read(): void {
    const said = this.#inPipe.shift();
    if (!said) return;
    const call = [...this.#calls].find(({ seq }) => seq === said.seq);
    if (call) this.#calls.remove(call);
    else this.#recall.hasDropped(said.seq);
    this.#recall.endIfDone();
    this.#noteHead();
  }

  #handOver(): void {
    if (this.#recall.isGoingOn) return;
    for (let more = this.#random.next() * 8; more > 0; more--) {
      const call = makeCall(0);
      call.seq = ++this.#lastSeq;
      call.mayStepBack = call.isLeased = this.#calls.size > 0;
      if (this.#random.chance(0.1)) call.isLeased = false;
      if (this.#random.chance(0.1)) call.isAnnounced = true;
      this.#calls.push(call);
      this.#batch.push({ seq: call.seq, isLeased: call.isLeased });
      this.#noteHead();
    }
  }

  #takeBack(seq: number): void {
    for (const call of this.#recall.behind(seq)) {
      this.#calls.remove(call);
      this.dropped.add(call.seq);
    }
    this.#recall.endIfDone();
    this.#noteHead();
  }

  #noteHead(): void {
    const { head } = this.#calls;
    // Of a call that is announced nothing is known before its worker says so.
    if (head && !head.isAnnounced && head.startedAt === 0) head.startedAt = this.#at;
  }
}

it('leaves no call to be begun that the parent has taken back, whatever happens between what they do', () => {
  let [dropped, begun] = [0, 0];
  for (let seed = 1; seed <= 3_000; seed++) {
    const model = new Model(seed);
    model.run();
    expect({ seed, both: model.begun.filter((seq) => model.dropped.has(seq)) }).toEqual({ seed, both: [] });
    dropped += model.dropped.size;
    begun += model.begun.length;
  }
  // Else nothing was looked at.
  expect(dropped).toBeGreaterThan(10_000);
  expect(begun).toBeGreaterThan(10_000);
});
