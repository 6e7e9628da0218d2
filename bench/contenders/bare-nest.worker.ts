import { parentPort } from 'node:worker_threads';

await import('@nestjs/core');
await import('@nestjs/common');

if (parentPort) {
  parentPort.postMessage('ready', []);
  // Stays, so that its memory can be looked at.
  parentPort.on('message', () => {});
} else {
  process.on('message', () => {});
  process.send?.('ready');
}
