import { parseArgs } from 'node:util';
import { CASES } from './cases/all.js';
import type { BenchCase, Scale } from './cases/case.js';

const DEFAULT: Scale = {
  isQuick: false,
  rounds: 5,
  sliceMs: 150,
  warmUp: { calls: 4_000, ms: 800 },
  stepWarmUpMs: 500,
  slowStepWarmUp: { calls: 5_000, ms: 1_500 },
  leadInMs: 150,
  freshRounds: 7,
  loadMs: 1_500,
  tasksPerSlice: 12,
  manyCalls: 100_000,
  idleWorkers: 4,
  waveLimitMs: 2_500,
};
const QUICK: Scale = {
  isQuick: true,
  rounds: 2,
  sliceMs: 15,
  warmUp: { calls: 1_000, ms: 100 },
  stepWarmUpMs: 20,
  slowStepWarmUp: { calls: 50, ms: 20 },
  leadInMs: 5,
  freshRounds: 1,
  loadMs: 400,
  tasksPerSlice: 2,
  manyCalls: 5_000,
  idleWorkers: 2,
  waveLimitMs: 1_000,
};

export const USAGE = `npm run bench -- [--quick] [--case NAME]... [--json FILE]
  --quick      few and short rounds, no 16 MiB echoed, no tasks of 0.1 ms: to see that it works, not to quote
  --case NAME  only this case: ${CASES.map(({ name }) => name).join(', ')}
  --json FILE  writes all figures there, those of each round included`;

export interface Options {
  readonly scale: Scale;
  readonly cases: readonly BenchCase[];
  readonly json: string | undefined;
}

/** @throws if it is told something that it does not know */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      case: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
    },
  });
  const unknown = values.case.find((name) => !CASES.some((known) => known.name === name));
  if (unknown !== undefined) throw new Error(`There is no case '${unknown}'.`);
  return {
    scale: values.quick ? QUICK : DEFAULT,
    cases: values.case.length === 0 ? CASES : CASES.filter(({ name }) => values.case.includes(name)),
    json: values.json,
  };
}
