import { OURS_PROCESS, OURS_THREAD, RAW_FORK, RAW_THREAD } from '../contenders/catalog.js';
import { allRunners, LaneSet, type Runner } from '../lanes/lane-set.js';
import { compare } from '../measure/statistics.js';
import { atLeast, type Goal } from '../report/goals.js';
import type { Column, Section } from '../report/report.js';
import type { BenchCase } from './case.js';
import { Flow } from './flow.js';

const TASKS_MS = [0.1, 1, 10] as const;

/** From this length on the trip must not matter. */
const GOAL_FROM_MS = 1;

/** So many calls per worker wait for it, so that it has always one to go on with. */
const CALLS_PER_WORKER = 4;

const OURS_AND_RAW = [
  [OURS_THREAD, RAW_THREAD],
  [OURS_PROCESS, RAW_FORK],
] as const;

const COLUMNS: readonly Column[] = [
  { key: 'one', heading: '1 worker µs/task', hasSpread: true },
  { key: 'two', heading: '2 workers µs/task', hasSpread: true },
  { key: 'gain', heading: 'gain' },
];

/** A fixed amount of arithmetic, on one worker and on two: what the pool adds to it, and whether it scales. */
export const cpuCase: BenchCase = {
  name: 'cpu',
  async run({ scale, unitsPerMs }) {
    const [one, two] = [1, 2].map((workers) =>
      allRunners({ workers, inFlight: workers * CALLS_PER_WORKER, carries: 'objects' }),
    ) as [Runner[], Runner[]];
    const runners = one.flatMap((runner, index) => [runner, two[index] as Runner]);
    const set = await LaneSet.open(runners, 'all-cores', scale.warmUp);
    const sections: Section[] = [];
    const goals: Goal[] = [];
    try {
      for (const taskMs of TASKS_MS.filter((length) => !scale.isQuick || length >= GOAL_FROM_MS)) {
        const argument = { type: 'units', units: Math.round(taskMs * unitsPerMs) } as const;
        const ms = Math.max(scale.sliceMs, scale.tasksPerSlice * taskMs);
        const flow = await Flow.measure(set, runners, scale, ({ setup: { inFlight } }) => {
          return { task: 'burn', argument, inFlight, ms };
        });
        const rows = one.map((runner, index) => {
          const other = two[index] as Runner;
          return {
            name: runner.name,
            failure: flow.failureOf(runner) ?? flow.failureOf(other),
            cells: {
              one: flow.of(runner),
              two: flow.of(other),
              gain: compare(flow.of(runner), flow.of(other)),
            },
          };
        });
        sections.push({ title: `${taskMs} ms of arithmetic`, columns: COLUMNS, rows });
        if (taskMs < GOAL_FROM_MS) continue;
        const gain = (name: string) => rows.find((row) => row.name === name)?.cells.gain;
        for (const [name, raw] of OURS_AND_RAW) {
          // What the machine itself gives: other jobs may have one of the cores.
          const machine = `${raw}: ${gain(raw)?.median.toFixed(2) ?? 'not measured'}`;
          const what = `${name}: 2 workers / 1, tasks of ${taskMs} ms (${machine})`;
          goals.push(atLeast(1.8, what, gain(name)));
        }
      }
    } finally {
      await set.close();
    }
    return { name: 'cpu', sections, goals, remarks: set.remarks };
  },
};
