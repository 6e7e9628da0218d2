import { MessagePort } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { ThreadHost } from '../../lib/hosts/thread.host.js';
import { normaliseOptions } from '../../lib/options/normalise.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { Codec } from '../../lib/wire/codec.js';
import type { WorkerListener } from '../../lib/hosts/worker-host.interface.js';

describe('a thread that cannot even be spawned', () => {
  it('leaves no port behind', () => {
    const pool = normaliseOptions({
      pools: { io: { kind: 'thread', execArgv: ['--max-old-space-size=99'] } },
    }).pools.get('io');
    const host = new ThreadHost(
      pool as never,
      () => new Promise(() => {}),
      new Codec(new SharedErrorClasses()),
    );
    // A port that is open and listened to is never freed.
    const close = vi.spyOn(MessagePort.prototype, 'close');
    for (let times = 0; times < 5; times++)
      expect(() => host.spawn({} as WorkerListener)).toThrow(/execArgv/);
    expect(close).toHaveBeenCalledTimes(5);
    close.mockRestore();
  });
});
