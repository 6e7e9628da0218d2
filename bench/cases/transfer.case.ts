import { DISTINCT, OURS_THREAD } from '../contenders/catalog.js';
import { TINY } from '../lanes/arguments.js';
import { LaneSet, nodeRunner, runnersBesideNest } from '../lanes/lane-set.js';
import { compare } from '../measure/statistics.js';
import { atMost } from '../report/goals.js';
import type { BenchCase } from './case.js';
import { Flow } from './flow.js';

const BYTES = 16 * 1_024 * 1_024;

const COLUMNS = [
  { key: 'tiny', heading: 'tiny µs', hasSpread: true },
  { key: 'moved', heading: '16 MiB moved µs', hasSpread: true },
  { key: 'ratio', heading: 'moved / tiny' },
] as const;

/** A Buffer of 16 MiB moved to a thread and moved back: where nothing is copied, its size must not matter. */
export const transferCase: BenchCase = {
  name: 'transfer',
  async run({ scale }) {
    const threads = DISTINCT.filter(({ kind }) => kind === 'thread');
    const setup = { workers: 1, inFlight: 1, carries: 'bytes' } as const;
    const runners = [
      ...threads.map((entry) => nodeRunner(entry, setup)),
      ...runnersBesideNest(setup).filter(({ kind }) => kind === 'thread'),
    ];
    const set = await LaneSet.open(runners, 'one-core', scale.warmUp);
    try {
      const common = { inFlight: 1, ms: scale.sliceMs };
      const { tiny, moved } = await Flow.measureTogether(set, runners, scale, {
        tiny: () => ({ ...common, task: 'echo', argument: TINY }),
        moved: () => ({ ...common, task: 'move', argument: { type: 'bytes', bytes: BYTES } }),
      });
      const rows = runners.map((runner) => ({
        name: runner.name,
        failure: tiny.failureOf(runner) ?? moved.failureOf(runner),
        cells: {
          tiny: tiny.of(runner),
          moved: moved.of(runner),
          ratio: compare(moved.of(runner), tiny.of(runner)),
        },
      }));
      const ours = rows.find(({ name }) => name === OURS_THREAD)?.cells.ratio;
      return {
        name: 'transfer',
        sections: [
          { title: '16 MiB moved there and back, one at a time, all on one core', columns: COLUMNS, rows },
        ],
        goals: [atMost(1.25, 'thread: 16 MiB moved / tiny object', ours)],
        remarks: set.remarks,
      };
    } finally {
      await set.close();
    }
  },
};
