import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { chaos } from './chaos.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
process.stdout.write(`chaos for ${seconds} s with seed ${seed}\n`);
const deadline = setTimeout(
  () => {
    process.stderr.write(`deadlock: still alive: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(2);
  },
  (seconds + 60) * 1_000,
);
const report = await chaos(seconds, seed);
clearTimeout(deadline);
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
