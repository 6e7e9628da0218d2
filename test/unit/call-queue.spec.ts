import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../lib/pool/call.js';
import { CallQueue } from '../../lib/pool/call-queue.js';
import { makeCall } from '../support/make-call.js';

let nextId = 1;

type Step =
  | { do: 'push'; priority: number }
  | { do: 'put back'; at: number }
  | { do: 'shift' }
  | { do: 'remove'; at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('push' as const),
    priority: fc.integer({ min: -2, max: 2 }),
  }),
  fc.record({ do: fc.constant('shift' as const) }),
  fc.record({ do: fc.constant('put back' as const), at: fc.nat() }),
  fc.record({ do: fc.constant('remove' as const), at: fc.nat() }),
);

function byPriorityAndAge(one: Call, other: Call): number {
  return other.terms.priority - one.terms.priority || one.id - other.id;
}

function takeNext(queue: CallQueue): Call | undefined {
  const call = queue.peek();
  if (call) queue.remove(call);
  return call;
}

describe('CallQueue', () => {
  it('behaves as a list sorted by priority and age, whatever is taken out and put back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new CallQueue();
        let model: Call[] = [];
        let taken: Call[] = [];
        for (const action of steps) {
          if (action.do === 'push') {
            const call = makeCall(nextId++, { priority: action.priority });
            queue.push(call);
            model.push(call);
          } else if (action.do === 'put back') {
            const call = taken[action.at % Math.max(1, taken.length)];
            if (!call) continue;
            queue.putBack(call);
            taken = taken.filter((other) => other !== call);
            model.push(call);
          } else if (action.do === 'shift') {
            const next = takeNext(queue);
            expect(next).toBe(model.shift());
            if (next) taken.push(next);
          } else {
            const call = model[action.at % Math.max(1, model.length)];
            if (call) queue.remove(call);
            model = model.filter((other) => other !== call);
          }
          model.sort(byPriorityAndAge);
          expect(queue.size).toBe(model.length);
          expect(queue.toArray()).toEqual(model);
        }
      }),
    );
  });

  it('takes a call out once', () => {
    const queue = new CallQueue();
    const call = makeCall(nextId++, { priority: 0 });
    queue.push(call);
    queue.remove(call);
    queue.remove(call);
    expect(queue.size).toBe(0);
    expect(takeNext(queue)).toBeUndefined();
  });
});
