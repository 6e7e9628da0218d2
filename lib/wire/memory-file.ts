import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  read,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FileRegion } from './attachments.js';
import { ProtocolError } from './channel.js';

const TMPFS = '/dev/shm';

/** Addresses in a memory file are counted in pages, in bytes. */
export const PAGE_BYTES = 4096;

/**
 * Opens a file in memory that has no name any more, so that nothing is left behind whatever happens. Child processes
 * that inherit the descriptor read and write the same pages.
 * @returns its descriptor; `undefined` where there is no file system in memory
 */
export function openMemoryFile(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let directory: string | undefined;
  try {
    directory = mkdtempSync(`${TMPFS}/nestjs-executor-`);
    return openSync(join(directory, 'memory'), 'w+', 0o600);
  } catch {
    return undefined;
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
}

/** How much room the file system in memory has, in bytes: in containers often 64 MiB and less. */
export function freeMemoryFileBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(TMPFS);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/**
 * Where a region begins, in bytes: in the middle of a page. Many AMD processors copy several times slower, in the kernel, what goes
 * to an address that is 16 bytes, modulo a page, behind the one it comes from (`rep movsb`; https://sourceware.org/bugzilla/show_bug.cgi?id=30994),
 * and that is where glibc puts large buffers: 16 bytes behind the start of a page, or a little more.
 */
function positionOf(page: number): number {
  return page * PAGE_BYTES + PAGE_BYTES / 2;
}

export function pagesFor(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}

/** @returns whether there was room for all of it */
export function writeRegion(fd: number, page: number, bytes: Uint8Array): boolean {
  try {
    return writeSync(fd, bytes, 0, bytes.byteLength, positionOf(page)) === bytes.byteLength;
  } catch {
    // ENOSPC: the file system is full.
    return false;
  }
}

/** Gives pages behind these back to the system. Where that fails, as under a limit on the size of files, they stay. */
export function cutMemoryFile(fd: number, pages: number): void {
  try {
    ftruncateSync(fd, positionOf(pages));
  } catch {
    // Nothing is lost but memory.
  }
}

/** @throws ProtocolError if the file does not hold it */
export function readRegion(fd: number, { page, byteLength }: FileRegion): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  return whole(bytes, readSync(fd, bytes, 0, byteLength, positionOf(page)));
}

/** Reads outside of the event loop. Rejects with ProtocolError if the file does not hold it. */
export async function readRegionAside(
  fd: number,
  { page, byteLength }: FileRegion,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  const { bytesRead } = await readAside(fd, bytes, 0, byteLength, positionOf(page));
  return whole(bytes, bytesRead);
}

const readAside = promisify(read);

function whole(bytes: Uint8Array<ArrayBuffer>, found: number): Uint8Array<ArrayBuffer> {
  if (found === bytes.byteLength) return bytes;
  throw new ProtocolError(`a region of ${bytes.byteLength} bytes has only ${found} in its file`);
}

/** How many there are. */
const CELLS = 3;

/** Numbers of 32 bits at the front of a memory file, for whoever has it open. */
export class FileCells {
  readonly #cell = new Int32Array(1);

  constructor(readonly fd: number) {}

  /** @returns `undefined` where there is no file system in memory */
  static create(): FileCells | undefined {
    const fd = openMemoryFile();
    if (fd === undefined) return undefined;
    const cells = new FileCells(fd);
    try {
      // From now on there is a page for them, however full the file system becomes.
      for (let index = 0; index < CELLS; index++) cells.set(index, 0);
      return cells;
    } catch {
      closeSync(fd);
      return undefined;
    }
  }

  get(index: number): number {
    readSync(this.fd, this.#cell, 0, 4, 4 * index);
    return this.#cell[0] as number;
  }

  set(index: number, value: number): void {
    this.#cell[0] = value;
    writeSync(this.fd, this.#cell, 0, 4, 4 * index);
  }
}
