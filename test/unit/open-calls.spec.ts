import { expect, it } from 'vitest';
import type { Call } from '../../lib/pool/call.js';
import { OpenCalls } from '../../lib/pool/open-calls.js';
import { within } from '../support/deadline.js';
import { makeCall } from '../support/make-call.js';

it('whoever waits for the open calls hears of their end, however often it is asked', async () => {
  const open = new OpenCalls(() => {});
  const [first, second, late] = [1, 2, 3].map((id) => makeCall(id)) as [Call, Call, Call];
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
