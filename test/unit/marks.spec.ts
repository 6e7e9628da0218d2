import { describe, expect, it } from 'vitest';
import { isBeyond, nextSeq, NO_SEQ } from '../../lib/wire/marks.js';

describe('sequence numbers', () => {
  it('go on after 2^31 and 2^32 calls, and are never the one that means no limit', () => {
    for (const start of [2 ** 31 - 3, -3]) {
      let seq = start | 0;
      for (let step = 0; step < 6; step++) {
        const next = nextSeq(seq);
        expect(next).not.toBe(NO_SEQ);
        expect([isBeyond(next, seq), isBeyond(seq, next)]).toEqual([true, false]);
        seq = next;
      }
    }
  });
});
