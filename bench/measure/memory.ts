import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects this thread's garbage, so that nobody pays for what was left before. */
export const collectGarbage = exposeGc();

/** No command-line flag, as workers would inherit it. */
function exposeGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

export function rssMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

/** The resident memory of this process's children, together. Only Linux tells. */
export function childrenRssMb(): number {
  let kilobytes = 0;
  for (const folder of readdirSync('/proc')) {
    if (!/^\d+$/.test(folder)) continue;
    const status = statusOf(folder);
    if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== process.pid) continue;
    kilobytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
