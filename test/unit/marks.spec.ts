import { describe, expect, it } from 'vitest';
import { isBeyond, nextTurn, NO_TURN } from '../../lib/wire/marks.js';

describe('turns', () => {
  it('go on after 2^31 and 2^32 calls, and are never the one that means no limit', () => {
    for (const start of [2 ** 31 - 3, -3]) {
      let turn = start | 0;
      for (let step = 0; step < 6; step++) {
        const next = nextTurn(turn);
        expect(next).not.toBe(NO_TURN);
        expect([isBeyond(next, turn), isBeyond(turn, next)]).toEqual([true, false]);
        turn = next;
      }
    }
  });
});
