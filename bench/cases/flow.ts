import { rawOf } from '../contenders/catalog.js';
import type { Lane } from '../lanes/lane.js';
import type { LaneSet, Outcome, Runner } from '../lanes/lane-set.js';
import type { FlowStep } from '../lanes/protocol.js';
import type { Slice } from '../measure/clock.js';
import type { Scale } from './case.js';
import { compare, summarise, type Summary } from '../measure/statistics.js';
import type { Column, Section } from '../report/report.js';

const COLUMNS: readonly Column[] = [
  { key: 'us', heading: 'µs/call', hasSpread: true },
  { key: 'raw', heading: '× raw' },
  { key: 'loop', heading: 'parent loop µs' },
  { key: 'cpu', heading: 'parent CPU µs' },
];

/** What a runner is to do. */
type StepFor = (runner: Runner) => FlowStep;

/** The figures of one step for all that were measured. */
export class Flow {
  readonly #outcomes: ReadonlyMap<Runner, Outcome<Slice>>;

  constructor(outcomes: ReadonlyMap<Runner, Outcome<Slice>>) {
    this.#outcomes = outcomes;
  }

  static async measure(
    set: LaneSet,
    runners: readonly Runner[],
    scale: Scale,
    stepFor: StepFor,
  ): Promise<Flow> {
    return (await Flow.measureTogether(set, runners, scale, { only: stepFor })).only;
  }

  /** Several steps, one right after the other in each round, as what is compared must be measured in the same moment. */
  static async measureTogether<K extends string>(
    set: LaneSet,
    runners: readonly Runner[],
    { rounds, stepWarmUpMs, slowStepWarmUp, leadInMs }: Scale,
    steps: Readonly<Record<K, StepFor>>,
  ): Promise<Record<K, Flow>> {
    const names = Object.keys(steps) as K[];
    const warmUp = async (lane: Lane, runner: Runner) => {
      for (const name of names) {
        const step = steps[name](runner);
        await lane.check(step);
        await lane.flow({ ...step, ms: stepWarmUpMs });
        await lane.flow({ ...step, ...slowStepWarmUp });
      }
    };
    const measureOne = async (lane: Lane, runner: Runner) => {
      const slices: Partial<Record<K, Slice>> = {};
      for (const name of names) {
        const step = steps[name](runner);
        await lane.flow({ ...step, ms: leadInMs });
        slices[name] = await lane.flow(step);
      }
      return slices as Record<K, Slice>;
    };
    const outcomes = await set.measure(rounds, runners, warmUp, measureOne);
    return Object.fromEntries(
      names.map((name) => [name, new Flow(new Map(Array.from(outcomes, ofStep(name))))]),
    ) as Record<K, Flow>;
  }

  /** µs per call. */
  of(runner: Runner | undefined): Summary | undefined {
    return this.#summarise(runner, ({ us }) => us);
  }

  named(name: string): Summary | undefined {
    return this.of(this.#find(name));
  }

  failureOf(runner: Runner): string | undefined {
    const outcome = this.#outcomes.get(runner);
    return outcome && 'failure' in outcome ? outcome.failure : undefined;
  }

  ratio(name: string, other: string): Summary | undefined {
    return compare(this.named(name), this.named(other));
  }

  /** The quickest of those that match. */
  best(matches: (runner: Runner) => boolean): string | undefined {
    let best: { name: string; median: number } | undefined;
    for (const runner of this.#outcomes.keys()) {
      const median = matches(runner) ? this.of(runner)?.median : undefined;
      if (median !== undefined && !(best && best.median <= median)) best = { name: runner.name, median };
    }
    return best?.name;
  }

  section(title: string): Section {
    const rows = Array.from(this.#outcomes.keys(), (runner) => ({
      name: runner.name,
      failure: this.failureOf(runner),
      cells: {
        us: this.of(runner),
        raw: compare(this.of(runner), this.named(rawOf(runner.kind))),
        loop: this.#summarise(runner, ({ loopUs }) => loopUs),
        // In a process with threads it would count those too.
        cpu: runner.kind === 'process' ? this.#summarise(runner, ({ cpuUs }) => cpuUs) : undefined,
      },
    }));
    return { title, columns: COLUMNS, rows };
  }

  #summarise(runner: Runner | undefined, pick: (slice: Slice) => number | undefined): Summary | undefined {
    const outcome = runner && this.#outcomes.get(runner);
    if (!outcome || 'failure' in outcome) return undefined;
    const rounds = outcome.values.map(pick).filter((value) => value !== undefined);
    return rounds.length > 0 ? summarise(rounds) : undefined;
  }

  #find(name: string): Runner | undefined {
    for (const runner of this.#outcomes.keys()) if (runner.name === name) return runner;
    return undefined;
  }
}

function ofStep<K extends string>(name: K) {
  return ([runner, outcome]: [Runner, Outcome<Record<K, Slice>>]): [Runner, Outcome<Slice>] => [
    runner,
    'failure' in outcome ? outcome : { values: outcome.values.map((slices) => slices[name]) },
  ];
}
