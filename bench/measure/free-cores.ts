import { Worker } from 'node:worker_threads';
import { burn } from '../contenders/tasks.js';

const SCRIPT = new URL('./free-cores.worker.js', import.meta.url);
const MS = 150;

/**
 * How much more two threads do than one, now: 2 where two cores are free, 1 where other jobs have the second.
 * Where it is much less than 2, what is measured on two cores is measured on less.
 */
export async function freeCores(unitsPerMs: number): Promise<number> {
  const units = Math.round(MS * unitsPerMs);
  const alone = time(() => burn(units));
  const worker = new Worker(SCRIPT, { workerData: units });
  const message = () => new Promise<number>((resolve) => worker.once('message', resolve));
  await message();
  const answer = message();
  worker.postMessage('go', []);
  const together = Math.max(
    time(() => burn(units)),
    await answer,
  );
  await worker.terminate();
  return (2 * alone) / together;
}

function time(act: () => void): number {
  const startedAt = performance.now();
  act();
  return performance.now() - startedAt;
}
