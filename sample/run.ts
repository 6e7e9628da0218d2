import { type Measurement, measure } from './load/measure.js';
import { PAUSE, USERS } from './load/ping-while.js';
import { ServerProcess } from './load/server-process.js';
import { formatTable } from './load/table.js';
import { WORKLOADS } from './load/workloads.js';

const HEADINGS = ['workload', 'where', 'work', 'ping req/s', 'ping p50', 'ping p99', 'longest stall'];

const rows: string[][] = [HEADINGS];
const verdicts: string[] = [];
const server = await ServerProcess.start();
try {
  for (const workload of WORKLOADS) {
    // Where it does not mix with the table, if that goes into a file.
    console.error(`Measuring: ${workload.name}, on the event loop and in ${workload.pool} ...`);
    const inline = await measure(server.url, workload, 'inline');
    const executor = await measure(server.url, workload, 'executor');
    rows.push([workload.name, 'event loop', ...cellsOf(inline)]);
    rows.push(['', workload.pool, ...cellsOf(executor)]);
    const isSame = inline.digest === executor.digest;
    if (!isSame) process.exitCode = 1;
    verdicts.push(`${workload.name}: results identical: ${isSame ? 'yes' : 'no'}`);
  }
} finally {
  await server.stop();
}
const note =
  `The work is several requests at once; a stall is the longest time in which the event loop did not turn.\n` +
  `Meanwhile ${USERS} users ping, each ${PAUSE} ms after the last answer.`;
console.log([formatTable(rows), '', note, ...verdicts].join('\n'));

function cellsOf(measured: Measurement): string[] {
  return [
    `${Math.round(measured.workMs)} ms`,
    `${Math.round(measured.pingsPerSecond)}`,
    ...[measured.pingP50, measured.pingP99, measured.longestStallMs].map((time) => `${time.toFixed(1)} ms`),
  ];
}
