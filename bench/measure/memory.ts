import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { childrenOf } from './proc.js';

/** Collects this thread's garbage, so that it is not weighed. */
export const collectGarbage = exposeGc();

/** No command-line flag, as workers would inherit it. */
function exposeGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

export function rssMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

/** The resident memory of this process's children, together. */
export function childrenRssMb(): number {
  return childrenOf(process.pid).reduce((sum, { rssMb: megabytes }) => sum + megabytes, 0);
}
