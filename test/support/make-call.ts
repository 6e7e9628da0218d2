import type { CallTarget } from '../../lib/hosts/worker-host.interface.js';
import { Call } from '../../lib/pool/call.js';

export function makeTarget(): CallTarget {
  return { label: 'work()', definition: undefined, usualTime: undefined, invoke: () => undefined };
}

/** A call that nobody waits for. */
export function makeCall(id: number, { target = makeTarget(), priority = 0, queueTimeout = 0 } = {}): Call {
  const args = { head: '[]', attachments: [], moves: false };
  const terms = { timeout: 0, queueTimeout, priority, retries: 0 };
  return new Call(id, target, undefined, args, 0, terms, { resolve: () => {}, reject: () => {} });
}
