import { describe, expect, it } from 'vitest';
import { ProcessHost } from '../../lib/hosts/process.host.js';
import type { WorkerListener } from '../../lib/hosts/worker-host.interface.js';
import { normaliseOptions } from '../../lib/options/normalise.js';
import type { PoolSettings } from '../../lib/options/pool-settings.js';
import { SharedErrorClasses } from '../../lib/reference/error-classes.js';
import { Codec } from '../../lib/wire/codec.js';
import { countOpenFiles } from '../support/open-files.js';

describe('a process that cannot even be spawned', () => {
  it('leaves no file open', () => {
    // More than the system takes for one variable.
    const env = { LONG: 'x'.repeat(200_000) };
    const settings = normaliseOptions({ pools: { io: { kind: 'process', env } } }).pools.get('io');
    const codec = new Codec(new SharedErrorClasses());
    const host = new ProcessHost(settings as PoolSettings, () => new Promise(() => {}), codec);
    const spawn = () => expect(() => host.spawn({} as WorkerListener)).toThrow(/E2BIG/);
    // The first opens what all have in common.
    spawn();
    const before = countOpenFiles();
    for (let times = 0; times < 5; times++) spawn();
    expect(countOpenFiles()).toBe(before);
    host.store.close();
  });
});
