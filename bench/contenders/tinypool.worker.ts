import { Tinypool } from 'tinypool';

export { burn, echo } from './tasks.js';

export function move(bytes: Uint8Array): unknown {
  return Tinypool.move(bytes);
}
