import {
  BARE_NEST,
  BARE_PROCESS,
  BARE_THREAD,
  DISTINCT,
  FUNCTIONS_ONLY,
  isOurs,
  OURS_PROCESS,
  OURS_THREAD,
} from '../contenders/catalog.js';
import type { Lane } from '../lanes/lane.js';
import { nodeRunner, pythonRunners, type Runner } from '../lanes/lane-set.js';
import { NodeLane } from '../lanes/node-lane.js';
import { compare, summarise, type Summary } from '../measure/statistics.js';
import { atMost } from '../report/goals.js';
import type { BenchCase } from './case.js';

const COLUMNS = [
  { key: 'ms', heading: 'ms', hasSpread: true },
  { key: 'bare', heading: '× bare Nest import' },
] as const;

const SETUP = { workers: 1, inFlight: 1, carries: 'objects' } as const;

/** A worker's boot without the application's own start. */
const bootOf = (name: string) => `${name}: a worker`;

/** What is held against a bare import of Nest. */
const OURS: ReadonlySet<string> = new Set(
  [OURS_THREAD, OURS_PROCESS, ...FUNCTIONS_ONLY.map(({ name }) => name)].flatMap((name) => [
    name,
    bootOf(name),
  ]),
);

/**
 * A fresh pool, in a fresh process, until its first result. The parent has its packages imported before. For ours
 * also a worker alone: the application runs, and its first call waits for the worker.
 */
export const coldStartCase: BenchCase = {
  name: 'cold-start',
  async run({ scale: { freshRounds } }) {
    const runners = [
      ...[...DISTINCT, ...FUNCTIONS_ONLY, ...BARE_NEST].map((entry) => nodeRunner(entry, SETUP)),
      ...[...DISTINCT.filter(({ name }) => isOurs(name)), ...FUNCTIONS_ONLY].map((entry) => {
        return { ...nodeRunner(entry, { ...SETUP, isLazy: true }), name: bootOf(entry.name) };
      }),
      ...pythonRunners(SETUP),
    ];
    const times = new Map<Runner, number[]>();
    const failures = new Map<Runner, string>();
    const remarks = new Set<string>();
    for (let round = 0; round < freshRounds; round++) {
      for (const runner of runners) {
        if (failures.has(runner)) continue;
        try {
          const { ms, remark } = await startOnce(runner);
          times.set(runner, [...(times.get(runner) ?? []), ms]);
          if (remark !== undefined) remarks.add(remark);
        } catch (error) {
          failures.set(runner, (error as Error).message);
        }
      }
    }
    const summaries = new Map<string, Summary>();
    for (const [{ name }, rounds] of times) summaries.set(name, summarise(rounds));
    const bareFor = { thread: summaries.get(BARE_THREAD), process: summaries.get(BARE_PROCESS) };
    const rows = runners.map((runner) => {
      const { name, kind } = runner;
      const ms = summaries.get(name);
      const bare = OURS.has(name) ? compare(ms, bareFor[kind]) : undefined;
      return { name, failure: failures.get(runner), cells: { ms, bare } };
    });
    return {
      name: 'cold-start',
      sections: [{ title: 'cold start, 1 worker, until the first result', columns: COLUMNS, rows }],
      goals: [
        atMost(
          1.15,
          "thread: a worker's boot / bare Nest import",
          compare(summaries.get(bootOf(OURS_THREAD)), bareFor.thread),
        ),
        atMost(
          1.15,
          "process: a worker's boot / bare Nest import",
          compare(summaries.get(bootOf(OURS_PROCESS)), bareFor.process),
        ),
      ],
      remarks: [...remarks],
    };
  },
};

async function startOnce({ make, setup }: Runner): Promise<{ ms: number; remark: string | undefined }> {
  const lane: Lane = make();
  let ms: number;
  let remark: string | undefined;
  try {
    // Its imports must not be under way while the pool starts.
    if (lane instanceof NodeLane) await lane.load();
    ms = await lane.open(setup);
  } finally {
    remark = await lane.close();
  }
  return { ms, remark };
}
