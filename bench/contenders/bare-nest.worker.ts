import { parentPort } from 'node:worker_threads';
import { loadNest } from './load-nest.js';

await loadNest();

if (parentPort) {
  parentPort.postMessage('ready', []);
  // Stays, so that its memory can be looked at.
  parentPort.on('message', () => {});
} else {
  process.on('message', () => {});
  process.send?.('ready');
}
