import { ENTRIES } from '../contenders/catalog.js';
import type { Machine } from './machine.js';

/** What one must know to read the tables. */
export function formatLegend(machine: Machine): string {
  const width = Math.max(...ENTRIES.map(({ name }) => name.length));
  return [
    'contenders, each in a process of its own, with one worker unless the title says otherwise',
    ...ENTRIES.map(({ name, note }) => `  ${name.padEnd(width)}  ${note}`),
    `  ${'CPython'.padEnd(width)}  run_in_executor with max_workers=1; its threads share memory and copy nothing`,
    '',
    'figures',
    '  Medians of all rounds; in each round every contender is measured once, each time another one first, after a',
    '  lead-in that does not count: it has waited for the others.',
    '  µs/call         time by the clock divided by calls: with many in flight less than one call takes',
    '  × raw           against the raw port or the raw fork, round by round',
    "  parent loop µs  how long the parent's event loop was not waiting (eventLoopUtilization().active), per call;",
    '                  on a core that is shared it counts what the worker took of it, too',
    "  parent CPU µs   the parent's CPU time (process.cpuUsage()), per call; with threads it would count them too",
    '  gain            1 worker / 2 workers, round by round: 2 is all that two cores can give',
    "  cut off         not all calls were done by the case's limit: µs/call is of those that were",
    '  MB/worker       threads: by what their process grew; processes: their VmRSS, which counts the pages',
    '                  of the Node executable for each of them, though they share these',
    `  all on one core: ${machine.oneCore}`,
    '  A Buffer comes back as a Buffer from ours, and as a Uint8Array from the others.',
  ].join('\n');
}
