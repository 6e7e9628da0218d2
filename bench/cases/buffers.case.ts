import {
  OURS_PROCESS,
  OURS_THREAD,
  PISCINA,
  PISCINA_NEST,
  RAW_FORK,
  RAW_FORK_NEST,
  RAW_THREAD,
  RAW_THREAD_NEST,
} from '../contenders/catalog.js';
import { allRunners, LaneSet, runnersBesideNest } from '../lanes/lane-set.js';
import type { Placement } from '../lanes/placement.js';
import { atMost } from '../report/goals.js';
import type { Section } from '../report/report.js';
import type { BenchCase } from './case.js';
import { Flow } from './flow.js';

const KIB = 1_024;
const MIB = KIB * KIB;

const SIZES = [
  { bytes: 16 * KIB, label: '16 KiB' },
  { bytes: 256 * KIB, label: '256 KiB' },
  { bytes: MIB, label: '1 MiB' },
  { bytes: 16 * MIB, label: '16 MiB' },
] as const;

/** Buffers, echoed: what a byte costs, there and back. */
export const buffersCase: BenchCase = {
  name: 'buffers',
  async run({ scale }) {
    const sections: Section[] = [];
    const remarks: string[] = [];
    const measure = async (
      placement: Placement,
      inFlight: number,
      sizes: readonly (typeof SIZES)[number][],
    ) => {
      const setup = { workers: 1, inFlight, carries: 'bytes' } as const;
      const runners = [...allRunners(setup), ...runnersBesideNest(setup)];
      const set = await LaneSet.open(runners, placement, scale.warmUp);
      const flows = new Map<number, Flow>();
      try {
        for (const { bytes, label } of sizes) {
          const argument = { type: 'bytes', bytes } as const;
          const step = { task: 'echo', argument, inFlight, ms: scale.sliceMs } as const;
          const flow = await Flow.measure(set, runners, scale, () => step);
          const where = inFlight === 1 ? 'one at a time, all on one core' : `${inFlight} in flight`;
          sections.push(flow.section(`Buffer of ${label}, 1 worker, ${where}`));
          flows.set(bytes, flow);
        }
      } finally {
        await set.close();
        remarks.push(...set.remarks);
      }
      return flows.get(MIB);
    };
    const upTo = scale.isQuick ? MIB : Infinity;
    const alone = await measure(
      'one-core',
      1,
      SIZES.filter(({ bytes }) => bytes <= upTo),
    );
    const four = await measure(
      'all-cores',
      4,
      SIZES.filter(({ bytes }) => bytes === MIB),
    );
    return {
      name: 'buffers',
      sections,
      goals: [
        ...[
          { flow: alone, what: '1 MiB, one at a time' },
          { flow: four, what: '1 MiB, 4 in flight' },
        ].flatMap(({ flow, what }) => [
          atMost(1.5, `thread / raw port: ${what}`, flow?.ratio(OURS_THREAD, RAW_THREAD)),
          atMost(1.5, `thread / raw port, Nest loaded: ${what}`, flow?.ratio(OURS_THREAD, RAW_THREAD_NEST)),
          atMost(1, `thread / piscina, defaults: ${what}`, flow?.ratio(OURS_THREAD, PISCINA)),
          atMost(1, `thread / piscina, Nest loaded: ${what}`, flow?.ratio(OURS_THREAD, PISCINA_NEST)),
        ]),
        atMost(0.5, 'process / raw fork: 1 MiB, 4 in flight', four?.ratio(OURS_PROCESS, RAW_FORK)),
        atMost(
          0.5,
          'process / raw fork, Nest loaded: 1 MiB, 4 in flight',
          four?.ratio(OURS_PROCESS, RAW_FORK_NEST),
        ),
      ],
      remarks,
    };
  },
};
