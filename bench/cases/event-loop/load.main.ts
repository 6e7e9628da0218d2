import autocannon, { type Result } from 'autocannon';
import { percentile } from '../../measure/statistics.js';
import type { LoadAnswer, LoadCommand } from './messages.js';

/** Each asks again as soon as it has its answer. */
const CONNECTIONS = 8;

/** How often autocannon looks whether its time is over, in ms. */
const SAMPLE_MS = 50;

/** Asks the server, from a process of its own, so that it does not wait where the server's loop is blocked. */
process.on('message', async ({ url, ms }: LoadCommand) => {
  const times: number[] = [];
  const startedAt = performance.now();
  const { errors, timeouts, non2xx } = await new Promise<Result>((resolve, reject) => {
    const options = {
      url: `${url}/ping`,
      connections: CONNECTIONS,
      duration: ms / 1e3,
      sampleInt: SAMPLE_MS,
    };
    const run = autocannon(options, (error: unknown, result) => (error ? reject(error) : resolve(result)));
    // Autocannon's own percentiles are whole milliseconds.
    run.on('response', (_client, _status, _bytes, time) => times.push(time));
  });
  const answer: LoadAnswer = {
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    p999: percentile(times, 0.999),
    perSecond: (times.length * 1e3) / (performance.now() - startedAt),
    failed: errors + timeouts + non2xx,
  };
  process.send?.(answer);
});
