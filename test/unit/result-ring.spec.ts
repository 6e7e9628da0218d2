import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResultRing } from '../../lib/wire/result.ring.js';

describe('the ring for results', () => {
  it('gives out what was put in, in order, whatever is written and read when, round after round', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ write: fc.string({ unit: 'grapheme', maxLength: 512 }) }) },
      { weight: 1, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 200 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const writer = new ResultRing();
        const reader = new ResultRing(writer.memory);
        const waiting: [number, number, string][] = [];
        let seq = 2 ** 31 - 5;
        for (const { write, read } of steps as { write?: string; read?: number }[]) {
          if (write !== undefined) {
            seq = (seq + 1) | 0;
            if (writer.write(seq, seq / 3, write)) waiting.push([seq, seq / 3, write]);
            else expect(waiting.length).toBeGreaterThan(0);
          } else {
            const expected = waiting.splice(0, read);
            const got: [number, number, string][] = [];
            expect(reader.read(read as number, (...entry) => got.push(entry))).toBe(expected.length);
            expect(got).toEqual(expected);
          }
          expect(reader.isEmpty).toBe(waiting.length === 0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('has room again when it was read, for a million results', () => {
    const ring = new ResultRing();
    let expected = 0;
    for (let seq = 0; seq < 1_000_000; seq++) {
      if (ring.write(seq, 0, `{"seq":${seq}}`)) continue;
      ring.read(Infinity, (read, _ms, head) => {
        if (read !== expected || head !== `{"seq":${read}}`) throw new Error(`${read} is not ${expected}`);
        expected++;
      });
      expect(ring.write(seq, 0, `{"seq":${seq}}`)).toBe(true);
    }
    expect(expected).toBeGreaterThan(900_000);
  });

  it('refuses what is too long', () => {
    const ring = new ResultRing();
    expect(ring.write(1, 0, 'x'.repeat(512))).toBe(true);
    expect(ring.write(2, 0, 'x'.repeat(513))).toBe(false);
  });
});
