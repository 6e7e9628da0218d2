import { parentPort, workerData } from 'node:worker_threads';
import { burn } from '../contenders/tasks.js';

const units = workerData as number;
burn(units);
parentPort?.once('message', () => {
  const startedAt = performance.now();
  burn(units);
  parentPort?.postMessage(performance.now() - startedAt, []);
});
parentPort?.postMessage(0, []);
