import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStatus {
  readonly pid: number;
  readonly parent: number;
  /** Resident memory, in MB. */
  readonly rssMb: number;
}

/** The children of a process. Only Linux tells: rejects elsewhere. */
export function childrenOf(pid: number): ProcessStatus[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statusOf(Number(name)))
    .filter((status) => status?.parent === pid)
    .filter((status) => status !== undefined);
}

function statusOf(pid: number): ProcessStatus | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It ended meanwhile.
    return undefined;
  }
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  return { pid, parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]), rssMb: kilobytes / 1024 };
}
