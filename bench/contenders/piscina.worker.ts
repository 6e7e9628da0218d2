import { Piscina } from 'piscina';

export { burn, echo } from './tasks.js';

export function move(bytes: Uint8Array): unknown {
  return Piscina.move(bytes);
}
