import { compare, summarise, type Summary } from '../../measure/statistics.js';
import { atMost } from '../../report/goals.js';
import type { Bench, BenchCase } from '../case.js';
import { HelperProcess } from './helper-process.js';
import { type LoadAnswer, type Mode, type ModeAnswer, MODES } from './messages.js';

/** How long the blocking method blocks. */
const BLOCKING_MS = 50;

const COLUMNS = [
  { key: 'p50', heading: 'p50 ms', hasSpread: true },
  { key: 'p99', heading: 'p99 ms', hasSpread: true },
  { key: 'p999', heading: 'p99.9 ms', hasSpread: true },
  { key: 'perSecond', heading: 'req/s' },
  { key: 'idle', heading: 'p99 × idle' },
  { key: 'calls', heading: 'blocking calls/s' },
] as const;

const TITLES: Readonly<Record<Mode, string>> = {
  idle: 'idle',
  inline: 'blocking method inline',
  thread: 'in a thread pool',
  process: 'in a process pool',
  beside: 'no pool: a process beside it as busy',
};

interface Round {
  readonly load: LoadAnswer;
  readonly calls: number;
}

/** A real HTTP server under load, while a blocking method is called again and again. */
export const eventLoopCase: BenchCase = {
  name: 'event-loop',
  async run(bench) {
    const rounds = new Map<Mode, Round[]>(MODES.map((mode) => [mode, []]));
    const remarks: string[] = [];
    const server = new HelperProcess('./server.main.js');
    const load = new HelperProcess('./load.main.js');
    try {
      const url = await server.hear<string>();
      // Unmeasured: V8 compiles what is hot, in the server and in the load.
      await load.ask<LoadAnswer>({ url, ms: 2 * bench.scale.loadMs });
      for (let round = 0; round < bench.scale.freshRounds; round++) {
        for (const mode of MODES) rounds.get(mode)?.push(await measure(bench, mode, url, server, load));
      }
    } finally {
      const [hasLoadEnded, hasServerEnded] = await Promise.all([load.close(), server.close()]);
      if (!hasLoadEnded) remarks.push('the load did not end by itself');
      if (!hasServerEnded) remarks.push('the server did not end by itself');
    }
    const summary = (mode: Mode, pick: (round: Round) => number): Summary =>
      summarise((rounds.get(mode) ?? []).map(pick));
    const p99 = (mode: Mode) => summary(mode, ({ load: { p99: value } }) => value);
    const rows = MODES.map((mode) => {
      const failed = Math.max(...summary(mode, (round) => round.load.failed).rounds);
      return {
        name: TITLES[mode],
        remark: failed > 0 ? `${failed} requests failed` : undefined,
        cells: {
          p50: summary(mode, (round) => round.load.p50),
          p99: p99(mode),
          p999: summary(mode, (round) => round.load.p999),
          perSecond: summary(mode, (round) => round.load.perSecond),
          idle: compare(p99(mode), p99('idle')),
          calls: mode === 'idle' ? undefined : summary(mode, ({ calls }) => calls),
        },
      };
    });
    return {
      name: 'event-loop',
      sections: [
        {
          title: `GET /ping of a Nest server, 8 connections; a method that blocks ${BLOCKING_MS} ms, 10 ms after the last`,
          columns: COLUMNS,
          rows,
        },
      ],
      goals: [
        atMost(3, 'event loop: p99 with a busy thread pool / idle', compare(p99('thread'), p99('idle'))),
        atMost(3, 'event loop: p99 with a busy process pool / idle', compare(p99('process'), p99('idle'))),
      ],
      remarks,
    };
  },
};

async function measure(
  { scale, unitsPerMs }: Bench,
  mode: Mode,
  url: string,
  server: HelperProcess,
  load: HelperProcess,
): Promise<Round> {
  const units = Math.round(BLOCKING_MS * unitsPerMs);
  await server.ask<ModeAnswer>({ mode, units });
  const answer = await load.ask<LoadAnswer>({ url, ms: scale.loadMs });
  const { callsPerSecond } = await server.ask<ModeAnswer>({ mode: 'idle', units });
  return { load: answer, calls: callsPerSecond };
}
