import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { childrenOf } from '../measure/proc.js';

/** Where a lane runs, with all its workers, while it is measured. */
export type Placement = 'one-core' | 'all-cores';

/** The first core that this process may use, if lanes can be put there. */
export const pinnedCore = findPinnedCore();

function findPinnedCore(): string | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const allowed = /^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? '';
    // To be kept where it is changes nothing: it only tells whether that can be done.
    return pin(process.pid, allowed) ? /^\d+/.exec(allowed)?.[0] : undefined;
  } catch {
    // No /proc: no Linux, no taskset.
    return undefined;
  }
}

/** Keeps a process, its threads and its child processes on one core from now on, and what they start later. */
export function pinTree(pid: number): void {
  if (pinnedCore === undefined) return;
  if (!pin(pid, pinnedCore)) throw new Error('taskset cannot keep it on one core');
  for (const child of childrenOf(pid)) pinTree(child.pid);
}

function pin(pid: number, cores: string): boolean {
  return spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)]).status === 0;
}
