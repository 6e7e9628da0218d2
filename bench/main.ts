import { writeFileSync } from 'node:fs';
import { calibrate } from './measure/calibrate.js';
import { freeCores } from './measure/free-cores.js';
import { type Options, parseOptions, USAGE } from './options.js';
import { formatLegend } from './report/legend.js';
import { describeMachine } from './report/machine.js';
import type { CaseReport } from './report/report.js';
import { formatGoals, formatSection } from './report/table.js';

async function main({ scale, cases, json }: Options): Promise<void> {
  const startedAt = performance.now();
  const machine = describeMachine();
  const unitsPerMs = calibrate();
  const { cpu, cores, node, platform, python } = machine;
  console.log(`${cpu}, ${cores} cores; Node ${node} on ${platform}; ${python}`);
  const free = await freeCores(unitsPerMs);
  console.log(`Two threads do ${free.toFixed(2)} times the work of one now: 2 where two cores are free`);
  console.log(`${Math.round(unitsPerMs).toLocaleString('en-US')} steps of arithmetic in a millisecond`);
  if (scale.isQuick) console.log('--quick: few and short rounds, not to be quoted');
  console.log(`\n${formatLegend(machine)}`);
  const reports: CaseReport[] = [];
  for (const benchCase of cases) {
    const caseStartedAt = performance.now();
    const report = await benchCase.run({ scale, unitsPerMs });
    reports.push(report);
    const seconds = (performance.now() - caseStartedAt) / 1e3;
    console.log(`\n== ${report.name} (${seconds.toFixed(0)} s)`);
    for (const section of report.sections) console.log(`\n${formatSection(section)}`);
    for (const remark of report.remarks) console.log(`\n  beside: ${remark}`);
  }
  const goals = reports.flatMap((report) => report.goals);
  const met = goals.filter(({ isMet }) => isMet).length;
  if (goals.length > 0) console.log(`\n== goals: ${met} of ${goals.length} met\n\n${formatGoals(goals)}`);
  const seconds = Math.round((performance.now() - startedAt) / 1e3);
  console.log(`\n${seconds} s`);
  if (json === undefined) return;
  writeFileSync(json, `${JSON.stringify({ machine, scale, unitsPerMs, free, reports }, undefined, 2)}\n`);
  console.log(`figures of all rounds: ${json}`);
}

let options: Options;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exit(2);
}
await main(options);
