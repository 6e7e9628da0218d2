import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { loadNest } from './load-nest.js';
import type { RawReply, RawRequest } from './raw-messages.js';
import { burn, echo } from './tasks.js';

const { port, besideNest } = workerData as { port: MessagePort; besideNest: boolean };
if (besideNest) await loadNest();

port.on('message', ([id, task, argument]: RawRequest) => {
  if (task === 'move') {
    const reply: RawReply = [id, argument];
    port.postMessage(reply, [(argument as Uint8Array).buffer as ArrayBuffer]);
    return;
  }
  const reply: RawReply = [id, task === 'burn' ? burn(argument as number) : echo(argument)];
  port.postMessage(reply);
});
parentPort?.postMessage('ready', []);
