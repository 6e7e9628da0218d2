import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Where a lane runs, with all its workers. */
export type Placement = 'one-core' | 'all-cores';

/** The first core that this process may use, if lanes can be kept on it. */
export const pinnedCore = findPinnedCore();

function findPinnedCore(): string | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const core = /^Cpus_allowed_list:\s+(\d+)/m.exec(status)?.[1];
    if (core === undefined) return undefined;
    return spawnSync('taskset', ['-c', core, 'true']).status === 0 ? core : undefined;
  } catch {
    // No /proc: no Linux, no taskset.
    return undefined;
  }
}

/** The command that runs a program there. */
export function placed(placement: Placement, program: string): { command: string; before: string[] } {
  if (placement === 'all-cores' || pinnedCore === undefined) return { command: program, before: [] };
  return { command: 'taskset', before: ['-c', pinnedCore, program] };
}
