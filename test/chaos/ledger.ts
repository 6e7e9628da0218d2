import { readFileSync } from 'node:fs';
import type { Deed } from '../fixtures/chaos-work.js';

/** What is known of a call in the parent. */
export interface Entry {
  readonly id: number;
  readonly deed: Deed | 'bad argument';
  readonly retries: number;
  settled: number;
  outcome: 'pending' | 'resolved' | 'rejected';
  value: unknown;
}

/**
 * Holds what the parent saw against what the workers wrote down.
 * @returns what is wrong; empty if nothing is
 */
export function audit(entries: readonly Entry[], ledger: string): string[] {
  const wrong: string[] = [];
  const begun = new Map<number, string[]>();
  for (const line of readFileSync(ledger, 'utf8').split('\n')) {
    const [id, ...what] = line.split(' ');
    const attempt = what.join(' ');
    if (id) begun.set(Number(id), [...(begun.get(Number(id)) ?? []), attempt]);
  }
  for (const entry of entries) {
    const { id, deed, retries, settled } = entry;
    const attempts = begun.get(id) ?? [];
    begun.delete(id);
    const name = `call ${id} (${deed})`;
    if (settled !== 1) wrong.push(`${name} settled ${settled} times`);
    if (new Set(attempts).size !== attempts.length)
      wrong.push(`${name} ran an attempt twice: ${attempts.join()}`);
    if (attempts.length > 1 + retries)
      wrong.push(`${name} ran ${attempts.length} times with ${retries} retries`);
    if (attempts.includes('with wrong bytes')) wrong.push(`${name} began with wrong bytes`);
    if (deed === 'bad argument' && attempts.length > 0) wrong.push(`${name} ran`);
    if (entry.outcome === 'resolved') {
      if (attempts.length === 0) wrong.push(`${name} resolved and never ran`);
      if (!isRight(entry)) wrong.push(`${name} resolved to ${String(entry.value)}`);
    }
  }
  for (const id of begun.keys()) wrong.push(`call ${id} ran and was never made`);
  return wrong;
}

function isRight({ id, deed, value }: Entry): boolean {
  if (deed === 'large') return Buffer.isBuffer(value) && value.length === 200_000 && value[7] === id % 256;
  return (deed === 'answer' || deed === 'answer later' || deed === 'crash later') && value === id;
}
