import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from './http-client.js';

export const USERS = 4;

/** Between an answer and the same user's next ping, in ms: without it, the pings alone would fill a core. */
export const PAUSE = 5;

export interface Pings {
  readonly pingsPerSecond: number;
  readonly pingP50: number;
  readonly pingP99: number;
}

/** Lets a few users ask for a trivial route until the work is over; rejects if the work does. */
export async function pingWhile(server: string, work: Promise<unknown>): Promise<Pings> {
  const client = new HttpClient(server, USERS);
  const startedAt = performance.now();
  const times: number[] = [];
  const progress = { isOver: false };
  const ping = async () => {
    while (!progress.isOver) {
      const sentAt = performance.now();
      await client.send('GET', 'ping');
      times.push(performance.now() - sentAt);
      await sleep(PAUSE);
    }
  };
  try {
    await Promise.all([work.finally(() => (progress.isOver = true)), ...Array.from({ length: USERS }, ping)]);
  } finally {
    client.close();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  times.sort((a, b) => a - b);
  return {
    pingsPerSecond: times.length / seconds,
    pingP50: percentile(times, 0.5),
    pingP99: percentile(times, 0.99),
  };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
