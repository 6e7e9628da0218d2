import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What calls in workers wait for until the test opens it: a file that is there or not. */
export class Gate {
  readonly file: string;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'gate-'));
    this.file = join(folder, 'open');
    onTestFinished(() => {
      // What waits still must not do so for ever.
      this.open();
      rmSync(folder, { recursive: true });
    });
  }

  get isOpen(): boolean {
    return existsSync(this.file);
  }

  open(): void {
    writeFileSync(this.file, '');
  }
}
