import { CONTENDERS, type Entry, isOurs, OURS_PROCESS, OURS_THREAD } from '../contenders/catalog.js';
import { TINY } from '../lanes/arguments.js';
import { NodeLane } from '../lanes/node-lane.js';
import type { WaveSlice } from '../measure/wave.js';
import { compare, summarise, type Summary } from '../measure/statistics.js';
import { atMost } from '../report/goals.js';
import type { Row } from '../report/report.js';
import type { BenchCase, Scale } from './case.js';

const FEW = 1_000;

/** A wave of many takes seconds. */
const MAX_ROUNDS = 2;

const COLUMNS = [
  { key: 'few', heading: 'few: µs/call', hasSpread: true },
  { key: 'many', heading: 'many: µs/call', hasSpread: true },
  { key: 'ratio', heading: 'many / few' },
  { key: 'fewRss', heading: 'few: peak MB' },
  { key: 'manyRss', heading: 'many: peak MB' },
] as const;

/** Few are over soon: so many waves of them make a round. */
const WAVES_OF_FEW = 5;

/** Very many calls made at once: what a call costs when so many wait, and the memory that they wait in. */
export const queueCase: BenchCase = {
  name: 'queue',
  async run(bench) {
    const heats = CONTENDERS.map((entry) => new QueueHeat(entry, bench.scale));
    const remarks: string[] = [];
    try {
      for (let round = -1; round < Math.min(MAX_ROUNDS, bench.scale.freshRounds); round++) {
        for (const heat of heats) await heat.run(round);
      }
    } finally {
      const said = await Promise.all(heats.map((heat) => heat.close()));
      remarks.push(...said.filter((remark) => remark !== undefined));
    }
    const rows = heats.map((heat) => heat.row());
    const ratioOf = (name: string) => rows.find((row) => row.name === name)?.cells['ratio'];
    const [few, many] = [FEW, bench.scale.manyCalls].map((calls) => calls.toLocaleString('en-US'));
    const title = `tiny objects, all calls made at once: few are ${few}, many are ${many}; 1 worker`;
    return {
      name: 'queue',
      sections: [{ title, columns: COLUMNS, rows }],
      goals: [
        atMost(1.5, `thread: a call with ${many} queued / ${few}`, ratioOf(OURS_THREAD)),
        atMost(1.5, `process: a call with ${many} queued / ${few}`, ratioOf(OURS_PROCESS)),
      ],
      remarks,
    };
  },
};

/** One contender in this case, in a process of its own, as the peak of memory is the process's. */
class QueueHeat {
  readonly #name: string;
  readonly #lane: NodeLane;
  readonly #scale: Scale;
  readonly #few: WaveSlice[] = [];
  readonly #many: WaveSlice[] = [];
  #failure: string | undefined;
  #isOver = false;

  constructor(entry: Entry, scale: Scale) {
    this.#scale = scale;
    this.#name = entry.name;
    this.#lane = new NodeLane(entry);
  }

  async run(round: number): Promise<void> {
    if (this.#isOver) return;
    const { manyCalls, waveLimitMs, warmUp } = this.#scale;
    try {
      const few = { argument: TINY, calls: FEW, waves: WAVES_OF_FEW, limitMs: waveLimitMs };
      if (round < 0) {
        await this.#lane.open({ workers: 1, inFlight: manyCalls, carries: 'objects' });
        await this.#lane.flow({ task: 'echo', argument: TINY, inFlight: FEW, ...warmUp });
        return;
      }
      this.#few.push(await this.#lane.wave(few));
      const many = await this.#lane.wave({ ...few, calls: manyCalls, waves: 1 });
      this.#many.push(many);
      // Its calls are still under way: nothing more can be measured.
      if (many.wasCutOff) this.#end();
    } catch (error) {
      this.#failure = (error as Error).message;
      this.#end();
    }
  }

  row(): Row {
    const few = summaryOf(this.#few.map(({ us }) => us));
    const many = summaryOf(this.#many.map(({ us }) => us));
    const last = this.#many.at(-1);
    const note = isOurs(this.#name) ? `maxQueue ${this.#scale.manyCalls.toLocaleString('en-US')}` : undefined;
    const cut = last?.wasCutOff ? `cut off with ${last.calls.toLocaleString('en-US')} done` : undefined;
    return {
      name: this.#name,
      failure: this.#failure,
      remark: [cut, note].filter((part) => part !== undefined).join('; ') || undefined,
      cells: {
        few,
        many,
        ratio: compare(many, few),
        // The peak of the first round: a later one comes after the many.
        fewRss: summaryOf(this.#few.slice(0, 1).map(({ peakRssMb }) => peakRssMb)),
        manyRss: summaryOf(this.#many.slice(-1).map(({ peakRssMb }) => peakRssMb)),
      },
    };
  }

  close(): Promise<string | undefined> {
    return this.#lane.close();
  }

  #end(): void {
    this.#isOver = true;
    this.#lane.kill();
  }
}

function summaryOf(rounds: readonly number[]): Summary | undefined {
  return rounds.length > 0 ? summarise(rounds) : undefined;
}
