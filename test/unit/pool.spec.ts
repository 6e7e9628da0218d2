import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type {
  CallTarget,
  HostCall,
  WorkerHost,
  WorkerListener,
} from '../../lib/hosts/worker-host.interface.js';
import { ExecutorBootError, ExecutorTimeoutError, type PoolOptions } from '../../lib/index.js';
import { normaliseOptions } from '../../lib/options/normalise.js';
import type { PoolSettings } from '../../lib/options/pool-settings.js';
import { Pool } from '../../lib/pool/pool.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { HeapStore } from '../../lib/wire/attachments.js';
import { Codec } from '../../lib/wire/codec.js';
import { rejection, until, within } from '../support/deadline.js';

/**
 * Workers that do what they are told and when, as no real one can: between one line of a worker and the next.
 */
class ScriptedHost implements WorkerHost {
  readonly codec = new Codec(new SharedErrorClasses());
  readonly store = new HeapStore();
  readonly workers: WorkerListener[] = [];
  readonly handed: HostCall[] = [];
  started = 0;
  onLimit: () => void = () => {};

  spawn(listener: WorkerListener) {
    this.workers.push(listener);
    return {
      label: `worker ${this.workers.length}`,
      marks: { getStarted: () => this.started, setLimit: () => this.onLimit() },
      start: (call: HostCall) => {
        this.handed.push(call);
        return false;
      },
      forget: () => {},
      cancel: () => {},
      ping: () => {},
      close: () => {},
      kill: () => {},
    };
  }

  /** The worker has begun a call, and ended it. */
  settle(turn: number): void {
    this.started = turn;
    this.workers.at(-1)?.settled(turn, false, this.codec.encode(turn, 'result'), 0.01);
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
  return { pool, host, submit: (signal) => pool.submit(target, [], { signal }) };
}

type Submit = (signal?: AbortSignal) => Promise<unknown>;

describe('a pool', () => {
  it('lets a call that was about to begin when its queueTimeout ended, and was sent back, time out later', async () => {
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

  it('rejects what waits when three workers in a row have ended before they began it', async () => {
    const { pool, host, submit } = makePool({ warmup: 'lazy' });
    const call = rejection<ExecutorBootError>(submit());
    for (const times of [1, 2, 3]) {
      await until(() => host.workers.length === times, `worker ${times}`);
      host.workers.at(-1)?.ready();
      expect(host.handed).toHaveLength(times);
      const cause = new Error('the port is taken');
      host.workers
        .at(-1)
        ?.ended({ exitCode: 1, signal: null, outOfMemory: false, cause, lastTurn: host.started });
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
});
