import { loadNest } from './load-nest.js';
import type { RawReply, RawRequest } from './raw-messages.js';
import { burn, echo } from './tasks.js';

if (process.argv[2] === 'beside-nest') await loadNest();

process.on('message', ([id, task, argument]: RawRequest) => {
  const reply: RawReply = [id, task === 'burn' ? burn(argument as number) : echo(argument)];
  process.send?.(reply);
});
process.send?.('ready');
