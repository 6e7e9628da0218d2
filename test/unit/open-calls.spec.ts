import { expect, it } from 'vitest';
import { Call } from '../../lib/pool/call.js';
import { OpenCalls } from '../../lib/pool/open-calls.js';
import { within } from '../support/deadline.js';

function makeCall(id: number): Call {
  const target = { label: 'work()', definition: undefined, usualTime: undefined, invoke: () => undefined };
  const args = { head: '[]', attachments: [], moves: false };
  const terms = { timeout: 0, queueTimeout: 0, priority: 0, retries: 0 };
  return new Call(id, target, undefined, args, 0, terms, { resolve: () => {}, reject: () => {} });
}

it('whoever waits for the open calls hears of their end, however often it is asked', async () => {
  const open = new OpenCalls(() => {});
  const [first, second, late] = [1, 2, 3].map(makeCall) as [Call, Call, Call];
  open.add(first);
  open.add(second);
  // As where an application is closed twice.
  const both = [open.whenThese(), open.whenThese()];
  open.add(late);
  open.remove(second);
  open.remove(first);
  await within(Promise.all(both));
  open.remove(late);
  expect(open.size).toBe(0);
});
