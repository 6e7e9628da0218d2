import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type {
  CallTarget,
  HostCall,
  WorkerHost,
  WorkerListener,
} from '../../lib/hosts/worker-host.interface.js';
import {
  ExecutorBootError,
  ExecutorClosedError,
  ExecutorTimeoutError,
  ExecutorWorkerLostError,
  type PoolOptions,
} from '../../lib/index.js';
import { clock, eventLoopTurn } from '../../lib/node-timers.js';
import { normaliseOptions } from '../../lib/options/normalise.js';
import type { PoolSettings } from '../../lib/options/pool-settings.js';
import { Pool } from '../../lib/pool/pool.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { HeapStore } from '../../lib/wire/attachments.js';
import { Codec } from '../../lib/wire/codec.js';
import { LEASED_CALL, LEASE_OVER } from '../../lib/wire/limit-lease.js';
import { observe, rejection, until, within } from '../support/deadline.js';

/** The pool's time, in ms: what is handed over, and when a call counts as long, must not depend on how slow the machine is. */
let time = 1;

beforeAll(() => {
  const spy = vi.spyOn(clock, 'now').mockImplementation(() => time);
  return () => spy.mockRestore();
});

/**
 * Workers that do what they are told and when, as no real one can: between one line of a worker and the next.
 */
class ScriptedHost implements WorkerHost {
  readonly codec = new Codec(new SharedErrorClasses());
  readonly store = new HeapStore();
  readonly workers: WorkerListener[] = [];
  readonly handed: HostCall[] = [];
  readonly withdrawn: number[] = [];
  readonly cancelled: number[] = [];
  readonly closed: WorkerListener[] = [];
  started = 0;
  announces = false;
  grantsLeases = false;
  pings = 0;
  killed = 0;
  onLimit: () => void = () => {};
  onAsked: () => void = () => {};

  spawn(listener: WorkerListener) {
    this.workers.push(listener);
    return {
      label: `worker ${this.workers.length}`,
      marks: { getStarted: () => this.say(), setLimit: () => this.onLimit() },
      grantsLeases: this.grantsLeases,
      start: (call: HostCall) => {
        this.handed.push(call);
        return this.announces;
      },
      forget: () => {},
      cancel: (seq: number) => this.cancelled.push(seq),
      withdraw: (seq: number) => this.withdrawn.push(seq),
      ping: () => this.pings++,
      close: () => this.closed.push(listener),
      kill: () => this.killed++,
    };
  }

  say(): number {
    this.onAsked();
    return this.started;
  }

  /** The last worker has begun a call, and ended it. */
  settle(seq: number, worker = this.workers.at(-1)): void {
    this.started = seq;
    worker?.settled(seq, false, this.codec.encode(seq, 'result'), 0.01);
  }

  end(worker = this.workers.at(-1), cause?: Error): void {
    worker?.ended({
      exitCode: 1,
      signal: null,
      outOfMemory: false,
      cause,
      lastSeq: this.started,
      isHeardOut: true,
    });
  }
}

function makePool(options: Partial<PoolOptions>): { pool: Pool; host: ScriptedHost; submit: Submit } {
  const { pools } = normaliseOptions({ pools: { pool: { kind: 'thread', size: 1, ...options } } });
  const host = new ScriptedHost();
  const pool = new Pool(pools.get('pool') as PoolSettings, host, () => {});
  const target: CallTarget = {
    label: 'work()',
    definition: undefined,
    usualTime: undefined,
    invoke: () => undefined,
  };
  return { pool, host, submit: (signal, ...args) => pool.submit(target, args, { signal }) };
}

type Submit = (signal?: AbortSignal, ...args: unknown[]) => Promise<unknown>;

/** Asked whether a call has begun that has waited for too long. */
async function askWorker() {
  const { pool, host, submit } = makePool({ queueTimeout: 50 });
  host.announces = true;
  void pool.warm();
  const worker = host.workers[0] as WorkerListener;
  worker.ready();
  const call = observe(submit());
  const isTooLate = expect(call.promise).rejects.toMatchObject({
    code: 'EXECUTOR_TIMEOUT',
    phase: 'queue',
  });
  await until(() => host.withdrawn.length === 1, 'the question');
  expect(call.isSettled).toBe(false);
  return { pool, host, worker, call: call.promise, isTooLate };
}

/** A pool with a worker that may begin short calls without reading the limit, and has run one. */
function holdLeased(options: Partial<PoolOptions>) {
  const made = makePool(options);
  const { pool, host, submit } = made;
  host.grantsLeases = true;
  void pool.warm();
  const worker = host.workers[0] as WorkerListener;
  worker.ready();
  void submit();
  host.settle(1);
  return { ...made, worker };
}

/** A call behind another one has waited too long while its worker, as the pool's clock stands still, has a lease. */
async function timeOutLeased({
  announces = false,
  isPair = false,
  ...options
}: Partial<PoolOptions> & { announces?: boolean; isPair?: boolean } = {}) {
  const made = holdLeased({ queueTimeout: 20, ...options });
  const { pool, host, submit } = made;
  const isLimited = new Promise<void>((resolve) => (host.onLimit = resolve));
  submit().catch(() => {});
  host.started = 2;
  host.announces = announces;
  const call = submit();
  call.catch(() => {});
  if (isPair) submit().catch(() => {});
  expect(host.handed.at(-1)?.isLeased).toBe(true);
  await within(isLimited);
  await eventLoopTurn();
  expect(pool.stats().failed).toBe(0);
  return { ...made, call };
}

/** When a call is told that it has waited too long. */
async function untilTold(call: Promise<unknown>): Promise<number> {
  expect(await rejection(call)).toMatchObject({ code: 'EXECUTOR_TIMEOUT', phase: 'queue' });
  return performance.now();
}

describe('a pool', () => {
  it.each([
    ['after', 50, 100],
    ['before', 300, 200],
  ])(
    'times a call anew that had begun, as it turns out, and is lost %s its queueTimeout',
    async (_when, queueTimeout, lostAfter) => {
      const { pool, host, submit } = makePool({ queueTimeout, retries: 1 });
      void pool.warm();
      const [worker] = host.workers as [WorkerListener];
      worker.ready();
      const short = submit();
      host.settle(1);
      await within(short);
      const running = untilTold(submit());
      host.started = 2;
      const behind = untilTold(submit());
      await until(() => host.handed.length === 3, 'the call in advance');
      // It began, though the end of the one before it was never read.
      host.started = 3;
      await sleep(lostAfter);
      host.end(worker);
      const lostAt = performance.now();
      for (const toldAt of await Promise.all([running, behind])) {
        expect(toldAt - lostAt).toBeGreaterThan(queueTimeout - 5);
      }
    },
  );

  describe('whose worker says when a call begins, and has not when queueTimeout ends', () => {
    it('rejects the call when the worker has said that it did not begin', async () => {
      const { worker, isTooLate } = await askWorker();
      worker.withdrawn(1);
      await within(isTooLate);
    });

    it('rejects it when the worker gives no answer, as that may be blocked', async () => {
      const { host, isTooLate } = await askWorker();
      await within(isTooLate);
      expect(host.withdrawn).toEqual([1]);
    });

    it('rejects it if the worker ends', async () => {
      const { pool, host, isTooLate } = await askWorker();
      host.started = 1;
      host.end();
      await within(isTooLate);
      expect(pool.stats()).toMatchObject({ lost: 0, failed: 1, queued: 0 });
    });

    it('lets it go on if it had begun, as it turns out', async () => {
      const { pool, host, worker, call, isTooLate } = await askWorker();
      isTooLate.catch(() => {});
      worker.started(1);
      await sleep(200);
      expect(pool.stats()).toMatchObject({ running: 1, failed: 0 });
      host.settle(1);
      expect(await within(call)).toBe(1);
    });

    it('soon ends the worker when it closes, though the call is in there still', async () => {
      const { pool, host, worker, isTooLate } = await askWorker();
      worker.withdrawn(1);
      await within(isTooLate);
      const closing = pool.close();
      await until(() => host.killed === 1, 'the end of the worker', 4_000);
      host.end();
      await within(closing);
    });
  });

  it('lets a call that was about to begin when its queueTimeout ended, and was sent back, time out then', async () => {
    const { pool, host, submit } = makePool({ queueTimeout: 50 });
    void pool.warm();
    host.workers[0]?.ready();
    const first = submit();
    host.settle(1);
    expect(await within(first)).toBe(1);
    const abort = new AbortController();
    const aborted = rejection(submit(abort.signal));
    host.started = 2;
    const waiting = rejection<ExecutorTimeoutError>(submit());
    await until(() => host.handed.length === 3, 'the call in advance');
    // The worker writes that it begins the third as the parent takes that back; when it has seen this, it sends it back.
    host.onLimit = () => (host.started = 3);
    abort.abort(new Error('no longer needed'));
    expect((await aborted).message).toBe('no longer needed');
    await sleep(100);
    expect(pool.stats()).toMatchObject({ running: 0, queued: 1, failed: 1 });
    host.started = 2;
    host.workers[0]?.returned(3);
    expect(await waiting).toMatchObject({ code: 'EXECUTOR_TIMEOUT', phase: 'queue' });
  });

  describe('whose worker has a lease when queueTimeout ends', () => {
    it('lets a call go on that began after it was to be taken back', async () => {
      const { pool, host, worker, call } = await timeOutLeased();
      host.started = 3;
      worker.settled(2, false, host.codec.encode(2, 'result'), 0.01);
      time += LEASE_OVER;
      await sleep(LEASE_OVER * 10);
      expect(pool.stats()).toMatchObject({ failed: 0, running: 1 });
      host.settle(3);
      expect(await within(call)).toBe(3);
    });

    it.each([false, true])(
      'rejects it when the lease is over and it has not begun, if it is to be loaded (%s), too',
      async (announces) => {
        const { pool, host, call } = await timeOutLeased({ announces });
        time += LEASE_OVER;
        expect(await rejection(call)).toMatchObject({ code: 'EXECUTOR_TIMEOUT', phase: 'queue' });
        expect(pool.stats()).toMatchObject({ failed: 1, queued: 0, running: 1 });
        expect(host.withdrawn).toEqual([]);
      },
    );

    it('asks the worker whether a call began that it was to load, as it may have', async () => {
      const { host, worker, call } = await timeOutLeased({ announces: true });
      host.started = 3;
      worker.settled(2, false, host.codec.encode(2, 'result'), 0.01);
      time += LEASE_OVER;
      await until(() => host.withdrawn.length > 0, 'the question');
      // That was on its way.
      worker.started(3);
      host.settle(3);
      expect(await within(call)).toBe(3);
    });

    it('rejects all that step back, though each may have seemed to begin', async () => {
      const { pool, host, worker, call } = await timeOutLeased({ isPair: true });
      time += 20;
      worker.settled(2, false, host.codec.encode(2, 'result'), 0.01);
      worker.returned(3);
      worker.returned(4);
      const { waitTime, ...stats } = pool.stats();
      expect(stats).toMatchObject({ failed: 2, queued: 0, running: 0 });
      expect(waitTime.p99).toBeLessThan(1);
      expect(await rejection(call)).toMatchObject({ code: 'EXECUTOR_TIMEOUT', phase: 'queue' });
      expect(host.handed).toHaveLength(4);
    });

    it('lets a call have its queueTimeout again that had begun and was lost', async () => {
      const { pool, host, worker } = await timeOutLeased({ queueTimeout: 200, retries: 1 });
      host.started = 3;
      host.end(worker);
      await sleep(LEASE_OVER * 10);
      expect(pool.stats()).toMatchObject({ failed: 0, lost: 0, queued: 2 });
    });
  });

  it('takes a call back at once from a worker that must read the limit before it begins another', () => {
    const { host, submit } = holdLeased({});
    const abort = new AbortController();
    submit().catch(() => {});
    submit(abort.signal).catch(() => {});
    host.started = 2;
    time += LEASE_OVER;
    abort.abort();
    expect(host.cancelled).toEqual([]);
  });

  it('gives no lease for calls that are not short', () => {
    const { host, submit, worker } = holdLeased({});
    void submit();
    worker.settled(2, false, host.codec.encode(2, 'result'), LEASED_CALL);
    void submit();
    void submit();
    expect(host.handed.map(({ isLeased }) => isLeased)).toEqual([false, false, false, false]);
    expect(host.handed.at(-1)?.mayStepBack).toBe(true);
  });

  it('tells a caller at once who gives up a call while its worker has a lease, and goes on behind it', async () => {
    const { pool, host, submit, worker } = holdLeased({});
    const abort = new AbortController();
    const [running, given] = [submit(), rejection(submit(abort.signal))];
    host.started = 2;
    abort.abort(new Error('no longer needed'));
    expect((await given).message).toBe('no longer needed');
    host.settle(2);
    expect(await within(running)).toBe(2);
    worker.returned(3);
    const next = submit();
    host.settle(4);
    expect(await within(next)).toBe(4);
    expect(pool.stats()).toMatchObject({ failed: 1, queued: 0, running: 0 });
  });

  it('leaves a call that was given up while its worker had a lease to the answer of that', async () => {
    const { pool, host, submit, worker } = holdLeased({});
    const [early, late] = [new AbortController(), new AbortController()];
    const running = submit();
    const given = [rejection(submit(early.signal)), rejection(submit(late.signal))];
    host.started = 2;
    host.onLimit = () => {
      // Its lease is over before it is told of the first.
      host.onAsked = () => (time += LEASE_OVER);
    };
    early.abort();
    host.onAsked = () => {};
    // Only the second one is taken back now: of the first, the worker has been told.
    late.abort();
    expect(host.cancelled).toEqual([3]);
    await within(Promise.all(given));
    host.settle(2);
    worker.settled(3, true, host.codec.encode(new Error('aborted'), 'error'), 0);
    worker.returned(4);
    expect(await within(running)).toBe(2);
    const next = submit();
    host.settle(5);
    expect(await within(next)).toBe(5);
    expect({ ...pool.stats(), killed: host.killed }).toMatchObject({ failed: 2, running: 0, killed: 0 });
  });

  it('does not count for its worker what that dropped before it began', () => {
    const { host, submit, worker } = holdLeased({ recycle: { calls: 3 } });
    const abort = new AbortController();
    void submit();
    for (let n = 0; n < 10; n++) submit(abort.signal).catch(() => {});
    host.started = 2;
    abort.abort();
    expect(host.cancelled).toHaveLength(10);
    for (const seq of host.cancelled) {
      worker.settled(seq, true, host.codec.encode(new Error('aborted'), 'error'), 0);
    }
    expect(host.workers).toHaveLength(1);
    expect(host.handed[0]?.target.usualTime).toBe(0.01);
  });

  it('ends a worker that is to be recycled when its last calls have stepped back', () => {
    const { host, submit, worker } = holdLeased({ recycle: { calls: 2 } });
    const aborts = [new AbortController(), new AbortController()];
    void submit();
    const running = [submit(), submit()];
    for (const { signal } of aborts) running.push(submit(signal));
    for (const call of running) call.catch(() => {});
    host.settle(2, worker);
    host.started = 3;
    // Of the last one, while the worker has a lease: from now on it may begin no other.
    aborts[1]?.abort();
    host.workers[1]?.ready();
    time += LEASE_OVER;
    worker.settled(6, true, host.codec.encode(new Error('aborted'), 'error'), 0);
    worker.settled(3, false, host.codec.encode(3, 'result'), 0.01);
    aborts[0]?.abort();
    worker.returned(4);
    worker.returned(5);
    expect(host.closed).toEqual([worker]);
  });

  it('fails with what its worker did when that took too long to boot', async () => {
    const { pool, host } = makePool({ bootTimeout: 50 });
    const error = rejection<ExecutorBootError>(pool.warm());
    host.workers[0]?.booting('loading file:///store.js');
    host.workers[0]?.booting('starting Store (its hooks)');
    await until(() => host.killed === 1, 'the end of bootTimeout');
    host.end();
    expect((await error).message).toContain(
      'longer than the bootTimeout of 50 ms, and was still starting Store (its hooks). If something waits there',
    );
  });

  it('rejects what waits when three workers in a row have ended before they began it', async () => {
    const { pool, host, submit } = makePool({ warmup: 'lazy' });
    const call = rejection<ExecutorBootError>(submit());
    for (const times of [1, 2, 3]) {
      await until(() => host.workers.length === times, `worker ${times}`);
      host.workers.at(-1)?.ready();
      expect(host.handed).toHaveLength(times);
      host.end(host.workers.at(-1), new Error('the port is taken'));
    }
    const error = await call;
    expect(error).toBeInstanceOf(ExecutorBootError);
    expect(error.message).toContain('exited with code 1 before it began a call: the port is taken');
    expect(pool.stats()).toMatchObject({ queued: 0, running: 0, lost: 0 });
    // It goes on trying, and recovers.
    const next = submit();
    await until(() => host.workers.length === 4, 'another worker');
    host.workers.at(-1)?.ready();
    host.settle(1);
    expect(await within(next)).toBe(1);
  });

  it('takes a call for lost when three workers in a row have ended while they loaded what it runs', async () => {
    const { host, submit } = makePool({ warmup: 'lazy' });
    host.announces = true;
    host.started = 1;
    const call = rejection(submit());
    for (const times of [1, 2, 3]) {
      await until(() => host.workers.length === times, `worker ${times}`);
      host.workers.at(-1)?.ready();
      expect(host.handed).toHaveLength(times);
      host.end();
    }
    expect(await call).toBeInstanceOf(ExecutorWorkerLostError);
  });

  it('does not end a worker that computes for another call while it should load what one runs', async () => {
    const { pool, host, submit } = makePool({ concurrency: 2, bootTimeout: 50 });
    void pool.warm();
    host.workers[0]?.ready();
    const calls = [submit()];
    host.started = 1;
    host.announces = true;
    calls.push(submit());
    // It is blocked: it answers none of these.
    await until(() => host.pings > 2 || host.killed > 0, 'questions whether it is alive');
    expect(host.killed).toBe(0);
    host.settle(1);
    host.settle(2);
    expect(await within(Promise.all(calls))).toEqual([1, 2]);
  });

  it('boots all of its workers with the first call if it is lazy', () => {
    const { host, submit } = makePool({ size: 2, warmup: 'lazy' });
    void submit();
    expect(host.workers).toHaveLength(2);
  });

  it('boots one worker at a time while none can be booted, and then all that are missing', async () => {
    const { pool, host } = makePool({ size: 3 });
    const start = rejection(pool.warm());
    for (const worker of host.workers.slice()) host.end(worker);
    expect(await start).toBeInstanceOf(ExecutorBootError);
    await until(() => host.workers.length > 3, 'the next trial');
    expect(host.workers).toHaveLength(4);
    host.workers[3]?.ready();
    expect(host.workers).toHaveLength(6);
  });

  it('hands nothing to a worker that is gone while its last words are read', async () => {
    const { pool, host, submit } = makePool({});
    void pool.warm();
    const [worker] = host.workers;
    worker?.ready();
    const calls = [submit(), submit()];
    worker?.gone();
    host.settle(1);
    expect(await within(calls[0] as Promise<unknown>)).toBe(1);
    expect(host.handed).toHaveLength(1);
    host.end();
    expect(host.workers).toHaveLength(2);
    host.workers.at(-1)?.ready();
    host.settle(1);
    expect(await within(calls[1] as Promise<unknown>)).toBe(1);
  });

  it('takes no worker that says that it is ready when it was ended, as that took too long', async () => {
    const { host, submit } = makePool({ warmup: 'lazy', bootTimeout: 20 });
    const call = submit();
    await until(() => host.killed === 1, 'the end of the bootTimeout');
    host.workers[0]?.ready();
    expect(host.handed).toHaveLength(0);
    host.end();
    await until(() => host.workers.length === 2, 'another worker');
    host.workers[1]?.ready();
    host.settle(1);
    expect(await within(call)).toBe(1);
  });

  it('recycles no further worker while as many as it has still end their calls', async () => {
    const { pool, host, submit } = makePool({ concurrency: 2, recycle: { calls: 1 } });
    void pool.warm();
    host.workers[0]?.ready();
    const [long, ...others] = [submit(), submit()];
    host.settle(2);
    expect(host.workers).toHaveLength(2);
    host.workers[1]?.ready();
    others.push(submit(), submit());
    host.settle(1);
    expect(host.workers).toHaveLength(2);
    expect(pool.stats()).toMatchObject({ workers: 1 });
    host.settle(1, host.workers[0]);
    host.end(host.workers[0]);
    expect(host.workers).toHaveLength(3);
    host.settle(2, host.workers[1]);
    expect(await within(Promise.all([long, ...others]))).toEqual([1, 2, 1, 2]);
  });

  it.each([
    ['at once', [2, 4, 5, 6]],
    ['one by one', [1, 2, 3]],
  ])('has at most twice its size when its workers are to be recycled %s', (_, steps) => {
    const { pool, host, submit } = makePool({ size: 2, concurrency: 2, recycle: { calls: 1 } });
    void pool.warm();
    const ended = new Set<WorkerListener>();
    const alive = () => host.workers.filter((worker) => !ended.has(worker));
    let ready = 0;
    for (const step of steps) {
      if (alive().length === 4 && step > 4) {
        const [oldest] = alive() as [WorkerListener];
        host.settle(1, oldest);
        ended.add(oldest);
        host.end(oldest);
      }
      // New workers boot, are given two calls each, and end one of these.
      const fresh = host.workers.slice(ready, step);
      ready = step;
      for (const worker of fresh) worker.ready();
      for (let calls = 2 * fresh.length; calls > 0; calls--) void submit();
      for (const worker of fresh) host.settle(2, worker);
      expect(alive().length).toBeLessThanOrEqual(4);
    }
    host.workers[ready]?.ready();
    expect(alive()).toHaveLength(4);
  });

  it('frees the arguments of a call, once, when that is taken back from its worker', async () => {
    const { pool, host, submit } = makePool({});
    void pool.warm();
    host.workers[0]?.ready();
    const short = submit();
    host.settle(1);
    await within(short);
    const release = vi.spyOn(host.store, 'release');
    const running = submit();
    host.started = 2;
    const abort = new AbortController();
    const behind = rejection(submit(abort.signal));
    expect(host.handed).toHaveLength(3);
    abort.abort();
    await behind;
    expect(release).toHaveBeenCalledTimes(1);
    host.workers[0]?.returned(3);
    host.settle(2);
    expect(await within(running)).toBe(2);
    expect(release).toHaveBeenCalledTimes(2);
  });

  it('refuses a call whose arguments closed it, and frees these', async () => {
    const { pool, host, submit } = makePool({});
    const release = vi.spyOn(host.store, 'release');
    const closes = {
      get value(): number {
        void pool.close();
        return 1;
      },
    };
    expect(await rejection(submit(undefined, closes))).toBeInstanceOf(ExecutorClosedError);
    expect(release).toHaveBeenCalledOnce();
  });

  it('replaces lost workers while the clock of a test stands still', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { host, submit } = makePool({ warmup: 'lazy' });
    const call = submit();
    for (const times of [1, 2, 3]) {
      await until(() => host.workers.length === times, `worker ${times}`);
      host.workers.at(-1)?.ready();
      if (times < 3) host.end();
    }
    host.settle(1);
    expect(await within(call)).toBe(1);
  });
});
