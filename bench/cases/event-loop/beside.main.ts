import { burn } from '../../contenders/tasks.js';
import { BusyLoop } from './busy-loop.js';

/** A process that has nothing to do with the server, as busy as a pool's worker: what sharing the cores costs by itself. */
const units = Number(process.argv[2]);
const loop = new BusyLoop(async () => burn(units));

process.once('message', async () => {
  process.send?.(await loop.stop());
  process.disconnect();
});
process.once('disconnect', () => void loop.stop());
process.send?.('busy');
