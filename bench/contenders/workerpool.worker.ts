import workerpool from 'workerpool';
import { burn, echo } from './tasks.js';

workerpool.worker({
  burn,
  echo,
  move: (bytes: Uint8Array) => new workerpool.Transfer(bytes, [bytes.buffer]),
});
