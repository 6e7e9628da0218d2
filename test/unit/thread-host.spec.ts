import { MessagePort } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { ThreadHost } from '../../lib/hosts/thread.host.js';
import { normaliseOptions } from '../../lib/options/normalise.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { Codec } from '../../lib/wire/codec.js';
import type { WorkerPlan } from '../../lib/wire/worker-plan.js';
import type { PoolOptions } from '../../lib/index.js';
import type { WorkerEnd, WorkerListener } from '../../lib/hosts/worker-host.interface.js';
import type { PoolSettings } from '../../lib/options/pool-settings.js';
import { within } from '../support/deadline.js';

function makeHost(options: PoolOptions, plan: Promise<WorkerPlan>): ThreadHost {
  const settings = normaliseOptions({ pools: { io: { kind: 'thread', ...options } } }).pools.get('io');
  return new ThreadHost(settings as PoolSettings, () => plan, new Codec(new SharedErrorClasses()));
}

describe('a thread that cannot even be spawned', () => {
  it('leaves no port behind', () => {
    const host = makeHost({ execArgv: ['--max-old-space-size=99'] }, new Promise(() => {}));
    // A port that is open and listened to is never freed.
    const close = vi.spyOn(MessagePort.prototype, 'close');
    for (let times = 0; times < 5; times++)
      expect(() => host.spawn({} as WorkerListener)).toThrow(/execArgv/);
    expect(close).toHaveBeenCalledTimes(5);
    close.mockRestore();
  });
});

describe('a thread whose message cannot be taken', () => {
  it('is ended, as what came with that would never be read', async () => {
    const plan: WorkerPlan = {
      pool: 'io',
      pools: ['io'],
      defaultPool: 'io',
      concurrency: 1,
      bootTimeout: 10_000,
      memoryMb: undefined,
      hasNest: false,
      context: undefined,
      providers: [],
    };
    const end = await within(
      new Promise<WorkerEnd>((ended) => {
        const listener = {
          ready: () => {
            throw new Error('not now');
          },
          gone: () => {},
          ended,
        };
        makeHost({ context: false }, Promise.resolve(plan)).spawn(listener as unknown as WorkerListener);
      }),
    );
    expect(end.cause).toMatchObject({ message: 'not now' });
  });
});
