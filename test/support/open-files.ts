import { readdirSync, readlinkSync } from 'node:fs';

const OPEN = '/proc/self/fd';

export function countOpenFiles(): number {
  return readdirSync(OPEN).length;
}

/** The files in memory that this process has open, by their names. */
export function openMemoryFiles(): string[] {
  return readdirSync(OPEN)
    .map((fd) => {
      try {
        return readlinkSync(`${OPEN}/${fd}`);
      } catch {
        // The one by which the folder was read.
        return '';
      }
    })
    .filter((name) => name.startsWith('/dev/shm/'));
}
