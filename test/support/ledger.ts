import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What calls in workers wrote down: a file to which each appends its lines. */
export class Ledger {
  readonly file: string;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
    this.file = join(folder, 'ledger');
    this.clear();
    onTestFinished(() => rmSync(folder, { recursive: true }));
  }

  get lines(): readonly string[] {
    return readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
  }

  clear(): void {
    writeFileSync(this.file, '');
  }
}
