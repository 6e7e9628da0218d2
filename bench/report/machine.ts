import { arch, availableParallelism, cpus, platform } from 'node:os';
import { pinnedCore } from '../lanes/placement.js';
import { pythonVersion } from '../lanes/python-lane.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly platform: string;
  readonly python: string;
  /** How "all on one core" was made true. */
  readonly oneCore: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    platform: `${platform()} ${arch()}`,
    python: pythonVersion ?? 'none: its contenders are left out',
    oneCore:
      pinnedCore === undefined
        ? 'NOT POSSIBLE here (no taskset): these cases ran on all cores'
        : `taskset -c ${pinnedCore}, contender and workers`,
  };
}
