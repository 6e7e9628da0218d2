import { CONTENDERS, type Entry, BESIDE_NEST } from '../contenders/catalog.js';
import type { Kind, Setup } from '../contenders/contender.js';
import type { Enough } from '../measure/drive.js';
import { TINY } from './arguments.js';
import type { Lane } from './lane.js';
import { NodeLane } from './node-lane.js';
import type { Placement } from './placement.js';
import { PythonLane, pythonVersion } from './python-lane.js';

/** How many lanes start, or warm up, at a time: more or less the cores that there are for it. */
const AT_ONCE = 3;
const AT_ONCE_ON_ONE_CORE = 1;

/** One that is measured: a contender, set up in some way. */
export interface Runner {
  /** As the table names it. */
  readonly name: string;
  readonly kind: Kind;
  readonly setup: Setup;
  readonly make: () => Lane;
}

export function nodeRunner(entry: Entry, setup: Setup): Runner {
  const { name, kind } = entry;
  return { name, kind, setup, make: () => new NodeLane(entry) };
}

/** All contenders, Python's included where `withPython` says so. */
export function allRunners(setup: Setup, withPython = false): Runner[] {
  return [
    ...CONTENDERS.map((entry) => nodeRunner(entry, setup)),
    ...(withPython ? pythonRunners(setup) : []),
  ];
}

/** For what depends on the heap: some in the surroundings of an application. */
export function runnersBesideNest(setup: Setup): Runner[] {
  return BESIDE_NEST.map((entry) => nodeRunner(entry, setup));
}

export function pythonRunners(setup: Setup): Runner[] {
  if (pythonVersion === undefined) return [];
  return [makePythonRunner('CPython threads', 'thread'), makePythonRunner('CPython processes', 'process')];

  function makePythonRunner(name: string, kind: Kind): Runner {
    return { name, kind, setup, make: () => new PythonLane(kind) };
  }
}

/** What a round of one runner gave, or why it gave nothing. */
export type Outcome<T> = { readonly values: readonly T[] } | { readonly failure: string };

/** The lanes of one case: opened together, measured one at a time, closed together. */
export class LaneSet {
  readonly #lanes = new Map<Runner, Lane>();
  readonly #failures = new Map<Runner, string>();
  readonly remarks: string[] = [];
  readonly #placement: Placement;

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /** Starts each runner's lane, and lets it echo until it is warm. */
  static async open(runners: readonly Runner[], placement: Placement, enough: Enough): Promise<LaneSet> {
    const set = new LaneSet(placement);
    await eachOf(runners, AT_ONCE, (runner) => set.#open(runner, enough));
    return set;
  }

  /**
   * Measures in rounds, in each round every lane once, each time another one first: whatever disturbs the
   * machine meanwhile disturbs them all alike.
   * @param warmUp makes a lane ready; several do that at a time
   */
  async measure<T>(
    rounds: number,
    runners: readonly Runner[],
    warmUp: (lane: Lane, runner: Runner) => Promise<void>,
    measureOne: (lane: Lane, runner: Runner) => Promise<T>,
  ): Promise<Map<Runner, Outcome<T>>> {
    const values = new Map<Runner, T[]>();
    const failures = new Map(this.#failures);
    const attempt = async (runner: Runner, act: (lane: Lane, runner: Runner) => Promise<void>) => {
      const lane = this.#lanes.get(runner);
      if (!lane || failures.has(runner)) return;
      try {
        await act(lane, runner);
      } catch (error) {
        failures.set(runner, (error as Error).message);
      }
    };
    const atOnce = this.#placement === 'one-core' ? AT_ONCE_ON_ONE_CORE : AT_ONCE;
    await eachOf(runners, atOnce, (runner) => attempt(runner, warmUp));
    for (let round = 0; round < rounds; round++) {
      for (const runner of rotated(runners, round)) {
        await attempt(runner, async (lane) => {
          values.set(runner, [...(values.get(runner) ?? []), await measureOne(lane, runner)]);
        });
      }
    }
    return new Map(
      runners.map((runner) => {
        const failure = failures.get(runner);
        return [runner, failure === undefined ? { values: values.get(runner) ?? [] } : { failure }];
      }),
    );
  }

  async close(): Promise<void> {
    const remarks = await Promise.all(Array.from(this.#lanes.values(), (lane) => lane.close()));
    this.remarks.push(...remarks.filter((remark) => remark !== undefined));
  }

  async #open(runner: Runner, enough: Enough): Promise<void> {
    try {
      const lane = runner.make();
      this.#lanes.set(runner, lane);
      await lane.open(runner.setup);
      await lane.flow({ task: 'echo', argument: TINY, inFlight: runner.setup.workers, ...enough });
      // Only now: it starts the sooner, and is the sooner warm, on all cores.
      if (this.#placement === 'one-core') await lane.pin();
    } catch (error) {
      this.#failures.set(runner, `its start: ${(error as Error).message}`);
    }
  }
}

async function eachOf<T>(list: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...list];
  const goOn = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, goOn));
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
