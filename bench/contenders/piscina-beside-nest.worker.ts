import { loadNest } from './load-nest.js';

export { burn, echo, move } from './piscina.worker.js';

await loadNest();
