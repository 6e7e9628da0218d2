import { isOurs, OURS_PROCESS, OURS_THREAD, PISCINA, RAW_FORK, RAW_THREAD } from '../contenders/catalog.js';
import { TINY } from '../lanes/arguments.js';
import { allRunners, LaneSet, type Runner } from '../lanes/lane-set.js';
import type { Placement } from '../lanes/placement.js';
import { atMost, type Goal } from '../report/goals.js';
import type { Bench, BenchCase } from './case.js';
import { Flow } from './flow.js';

const MANY = [64, 2_000] as const;

/** A small object, echoed: what a call costs, alone and among many. */
export const tinyCase: BenchCase = {
  name: 'tiny',
  async run(bench) {
    const remarks: string[] = [];
    const alone = await measure(bench, 'one-core', [1], remarks);
    const many = await measure(bench, 'all-cores', MANY, remarks);
    const flows = new Map([...alone, ...many]);
    return {
      name: 'tiny',
      sections: Array.from(flows, ([inFlight, flow]) => flow.section(titleOf(inFlight))),
      goals: [
        ...goalsAlone(flows.get(1)),
        ...MANY.flatMap((inFlight) => goalsOf(flows.get(inFlight), inFlight)),
      ],
      remarks,
    };
  },
};

async function measure(
  { scale }: Bench,
  placement: Placement,
  depths: readonly number[],
  remarks: string[],
): Promise<Map<number, Flow>> {
  const inFlight = Math.max(...depths);
  const runners = allRunners({ workers: 1, inFlight, carries: 'objects' }, true);
  const set = await LaneSet.open(runners, placement, scale.warmUp);
  const flows = new Map<number, Flow>();
  try {
    for (const depth of depths) {
      const step = { task: 'echo', argument: TINY, inFlight: depth, ms: scale.sliceMs } as const;
      flows.set(depth, await Flow.measure(set, runners, scale, () => step));
    }
  } finally {
    await set.close();
    remarks.push(...set.remarks);
  }
  return flows;
}

function titleOf(inFlight: number): string {
  const where = inFlight === 1 ? 'one at a time, all on one core' : `${inFlight} in flight`;
  return `tiny object, 1 worker, ${where}`;
}

function goalsAlone(flow: Flow | undefined): Goal[] {
  const what = 'tiny object, one at a time';
  return [
    atMost(1.25, `thread / raw port: ${what}`, flow?.ratio(OURS_THREAD, RAW_THREAD)),
    atMost(1.25, `process / raw fork: ${what}`, flow?.ratio(OURS_PROCESS, RAW_FORK)),
  ];
}

function goalsOf(flow: Flow | undefined, inFlight: number): Goal[] {
  const what = `tiny object, ${inFlight} in flight`;
  const best = flow?.best(isOtherProcessPool) ?? 'the best other process pool';
  const bestAtDefaults =
    flow?.best((runner) => isOtherProcessPool(runner) && !runner.name.includes(' a worker')) ?? best;
  return [
    atMost(1.5, `thread / raw port: ${what}`, flow?.ratio(OURS_THREAD, RAW_THREAD)),
    atMost(0.1, `thread / piscina, defaults: ${what}`, flow?.ratio(OURS_THREAD, PISCINA)),
    atMost(0.6, `process / raw fork: ${what}`, flow?.ratio(OURS_PROCESS, RAW_FORK)),
    atMost(0.1, `process / best other process pool (${best}): ${what}`, flow?.ratio(OURS_PROCESS, best)),
    ...(bestAtDefaults === best
      ? []
      : [
          atMost(
            0.1,
            `process / best with defaults (${bestAtDefaults}): ${what}`,
            flow?.ratio(OURS_PROCESS, bestAtDefaults),
          ),
        ]),
  ];
}

function isOtherProcessPool({ name, kind }: Runner): boolean {
  return kind === 'process' && name !== RAW_FORK && !isOurs(name);
}
