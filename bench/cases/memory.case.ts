import { BARE_NEST, DISTINCT, type Entry, FUNCTIONS_ONLY } from '../contenders/catalog.js';
import { NodeLane } from '../lanes/node-lane.js';
import type { MemoryFigures } from '../lanes/protocol.js';
import { summarise } from '../measure/statistics.js';
import type { Row } from '../report/report.js';
import type { BenchCase, Scale } from './case.js';

/** Enough that each worker gets some. */
const CALLS = 64;

/** How many are weighed at a time: what time it takes does not matter here. */
const AT_ONCE = 4;

const COLUMNS = [
  { key: 'worker', heading: 'MB/worker', hasSpread: true },
  { key: 'parent', heading: 'parent grew by MB' },
] as const;

/** What an idle worker holds. */
export const memoryCase: BenchCase = {
  name: 'memory',
  async run({ scale }) {
    const rows: Row[] = [];
    const remarks = new Set<string>();
    const entries = [...DISTINCT, ...FUNCTIONS_ONLY, ...BARE_NEST];
    const queue = [...entries.entries()];
    const weighNext = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, entry] = next;
        rows[index] = await weigh(entry, scale, remarks);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, weighNext));
    return {
      name: 'memory',
      sections: [
        { title: `resident memory per idle worker, of ${scale.idleWorkers}`, columns: COLUMNS, rows },
      ],
      goals: [],
      remarks: [...remarks],
    };
  },
};

async function weigh(
  entry: Entry,
  { freshRounds: rounds, idleWorkers }: Scale,
  remarks: Set<string>,
): Promise<Row> {
  const figures: MemoryFigures[] = [];
  try {
    for (let round = 0; round < rounds; round++) figures.push(await weighOnce(entry, idleWorkers, remarks));
  } catch (error) {
    return { name: entry.name, failure: (error as Error).message, cells: {} };
  }
  const worker = figures.map(({ parentMb, childrenMb }) => {
    return (entry.kind === 'thread' ? parentMb : childrenMb) / idleWorkers;
  });
  const parent = figures.map(({ parentMb }) => parentMb);
  return { name: entry.name, cells: { worker: summarise(worker), parent: summarise(parent) } };
}

async function weighOnce(entry: Entry, workers: number, remarks: Set<string>): Promise<MemoryFigures> {
  const lane = new NodeLane(entry);
  try {
    return await lane.weigh({ workers, inFlight: CALLS, carries: 'objects' });
  } finally {
    const remark = await lane.close();
    if (remark !== undefined) remarks.add(remark);
  }
}
