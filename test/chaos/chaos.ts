import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { type Executor, ExecutorModule, getExecutorToken } from '../../lib/index.js';
import { act, type Deed } from '../fixtures/chaos-work.js';
import { audit, type Entry } from './ledger.js';
import { Random } from './random.js';

const DEEDS: Readonly<Record<Deed | 'bad argument', number>> = {
  answer: 60,
  'answer later': 15,
  throw: 5,
  'bad argument': 3,
  'bad result': 3,
  large: 3,
  exit: 0.5,
  'exit well': 0.5,
  'crash later': 0.5,
  spin: 0.3,
  ignore: 0.3,
};

/** Of the buffers among the arguments, in bytes: each travels in another way. */
const SIZES = [0, 10, 10, 10, 10, 5_000, 20_000, 300_000];

/** Calls in flight at most, so that the run has a rhythm. */
const IN_FLIGHT = 60;

export interface ChaosReport {
  readonly calls: number;
  readonly resolved: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly kills: number;
  readonly wrong: readonly string[];
}

class Root {}

/** Random faults against pools of both kinds at once; a ledger in a file proves what ran. */
export async function chaos(seconds: number, seed: number, restartEvery = 10): Promise<ChaosReport> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const ledger = join(folder, 'ledger');
  appendFileSync(ledger, '');
  const entries: Entry[] = [];
  const rejected: Record<string, number> = {};
  let restarts = -1;
  let kills = 0;
  try {
    for (let left = seconds; left > 0; left -= restartEvery) {
      restarts++;
      kills += await round(Math.min(left, restartEvery) * 1_000);
    }
    return {
      calls: entries.length,
      resolved: entries.filter(({ outcome }) => outcome === 'resolved').length,
      rejected,
      restarts,
      kills,
      wrong: audit(entries, ledger),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }

  /** One life of an application: start, so many ms of storm, close in the middle of it. */
  async function round(ms: number): Promise<number> {
    const shared = { size: 2, shutdownTimeout: 3_000 } as const;
    const module = ExecutorModule.forRoot({
      pools: {
        thread: { ...shared, kind: 'thread' },
        process: { ...shared, kind: 'process' },
        several: { ...shared, kind: 'process', concurrency: 4, recycle: { calls: 300 } },
      },
    });
    const app = await NestFactory.createApplicationContext(
      { module: Root, imports: [module] },
      { logger: false },
    );
    const executors = ['thread', 'process', 'several'].map((name) =>
      app.get<Executor>(getExecutorToken(name)),
    );
    const open = new Set<Promise<void>>();
    let killed = 0;
    const until = Date.now() + ms;
    while (Date.now() < until) {
      const call = makeCall(executors[random.below(executors.length)] as Executor);
      open.add(call);
      void call.then(() => open.delete(call));
      if (random.chance(0.002)) killed += killSomeChild();
      if (open.size >= IN_FLIGHT) await Promise.race(open);
    }
    await app.close();
    await Promise.all(open);
    return killed;
  }

  async function makeCall(executor: Executor): Promise<void> {
    const deed = random.weighted(DEEDS);
    const retries = random.chance(0.1) ? 2 : 0;
    const entry: Entry = {
      id: entries.length + 1,
      deed,
      retries,
      settled: 0,
      outcome: 'pending',
      value: undefined,
    };
    entries.push(entry);
    const controller = new AbortController();
    if (random.chance(0.03))
      setTimeout(() => controller.abort(new Error('aborted')), random.below(30)).unref();
    const endless = deed === 'spin' || deed === 'ignore';
    const options = {
      retries,
      signal: controller.signal,
      priority: random.below(3),
      ...((endless || random.chance(0.03)) && { timeout: 1 + random.below(60) }),
    };
    try {
      const run = executor.with(options).run(...argumentsOf(entry));
      const value = await run.finally(() => entry.settled++);
      Object.assign(entry, { outcome: 'resolved', value });
    } catch (error) {
      entry.outcome = 'rejected';
      const name = (error as Error)?.name ?? 'no error';
      rejected[name] = (rejected[name] ?? 0) + 1;
    }
  }

  function argumentsOf({ id, deed }: Entry): [typeof act, string, number, Deed, Buffer] {
    const bytes = Buffer.alloc(SIZES[random.below(SIZES.length)] as number, id % 256);
    if (deed === 'bad argument') return [act, ledger, id, (() => {}) as unknown as Deed, bytes];
    return [act, ledger, id, deed, bytes];
  }

  /** As the kernel does when memory is short. Only children of this process. */
  function killSomeChild(): number {
    const children = childrenOf(process.pid);
    const pid = children[random.below(children.length)];
    if (pid === undefined) return 0;
    try {
      process.kill(pid, 'SIGKILL');
      return 1;
    } catch {
      return 0;
    }
  }
}

export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
      return children === '' ? [] : children.split(' ').map(Number);
    } catch {
      return [];
    }
  });
}
