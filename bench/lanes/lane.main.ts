import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { findEntry } from '../contenders/catalog.js';
import type { Setup, TaskName } from '../contenders/contender.js';
import type { Slice } from '../measure/clock.js';
import { drive } from '../measure/drive.js';
import { childrenRssMb, collectGarbage, rssMb } from '../measure/memory.js';
import { percentile } from '../measure/statistics.js';
import { wave, type WaveSlice } from '../measure/wave.js';
import { type ArgumentSpec, checkResult, makeArgument, TINY } from './arguments.js';
import type { Answer, Command, FlowStep, MemoryFigures, WaveStep } from './protocol.js';

/** Until idle workers have done what they do after a start, in ms. */
const REST = 200;

const entry = findEntry(process.argv[2]);
const contender = await entry.load();

process.on('message', async (command: Command) => {
  let answer: Answer;
  try {
    answer = { value: await obey(command) };
  } catch (error) {
    answer = { failure: error instanceof Error ? error.message : String(error) };
  }
  process.send?.(answer);
  if (command.type !== 'close') return;
  // From here on nothing but what the pool left behind keeps this process alive.
  process.off('disconnect', abandon);
  process.disconnect();
});
process.once('disconnect', abandon);
process.send?.('loaded');

/** The bench is gone: nobody asks for figures any more. */
function abandon(): void {
  contender.close().finally(() => process.exit());
}

async function obey(command: Command): Promise<unknown> {
  switch (command.type) {
    case 'open':
      return open(command.setup);
    case 'check': {
      const argument = makeArgument(command.step.argument);
      // A moved argument is gone afterwards.
      const sent = command.step.task === 'move' ? makeArgument(command.step.argument) : argument;
      return checkResult(command.step.task, argument, await contender.call(command.step.task, sent));
    }
    case 'flow':
      return flow(command.step);
    case 'wave':
      return waves(command.step);
    case 'weigh':
      return weigh(command.setup);
    case 'close':
      return contender.close();
  }
}

async function open(setup: Setup): Promise<number> {
  let startedAt = performance.now();
  await contender.start(setup);
  if (setup.isLazy) startedAt = performance.now();
  await contender.call('echo', makeArgument(TINY));
  return performance.now() - startedAt;
}

function flow({ task, argument, inFlight, ms, calls }: FlowStep): Promise<Slice> {
  const call = task === 'move' ? mover(argument) : echoer(task, makeArgument(argument));
  return drive(call, inFlight, { ms, calls });
}

async function waves({ argument: spec, calls, waves: count, limitMs }: WaveStep): Promise<WaveSlice> {
  const argument = makeArgument(spec);
  collectGarbage();
  const slices: WaveSlice[] = [];
  while (slices.length < count) {
    slices.push(await wave(() => contender.call('echo', argument), calls, limitMs));
  }
  const us = percentile(
    slices.map((slice) => slice.us),
    0.5,
  );
  return { ...(slices.at(-1) as WaveSlice), us };
}

function echoer(task: TaskName, argument: unknown): () => PromiseLike<unknown> {
  return () => contender.call(task, argument);
}

/** What came back from the last call that moved something. */
let returned: { readonly spec: ArgumentSpec; bytes: unknown } | undefined;

/**
 * What is moved there comes back moved, and is what is moved next, in the next slice too: a new buffer of many MiB
 * would bring a garbage collection with it.
 */
function mover(spec: ArgumentSpec): () => PromiseLike<unknown> {
  if (!isDeepStrictEqual(returned?.spec, spec)) returned = { spec, bytes: makeArgument(spec) };
  const held = returned as { bytes: unknown };
  return async () => {
    held.bytes = await contender.call('move', held.bytes);
  };
}

async function weigh(setup: Setup): Promise<MemoryFigures> {
  collectGarbage();
  const before = rssMb();
  await open(setup);
  const argument = makeArgument(TINY);
  const calls = Array.from({ length: setup.inFlight }, () => contender.call('echo', argument));
  await Promise.all(calls);
  await sleep(REST);
  collectGarbage();
  await sleep(REST);
  return { parentMb: rssMb() - before, childrenMb: entry.kind === 'process' ? childrenRssMb() : 0 };
}
