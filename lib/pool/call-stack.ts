/** Whoever waits for a call. */
export interface Caller {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** This package's own folder: its frames say nothing to the users of a method. */
const OWN_FOLDER = new URL('..', import.meta.url).href;

const annotated = new WeakSet<object>();

/**
 * Rejects a call with an error whose stack goes on, after the worker's own frames, with the functions that await
 * the call. V8 finds those, as for any async function, from the promise of the async function that runs; so the
 * caller's promise takes on the promise of one that throws. It costs nothing until a call fails, while taking the
 * stack with each call would cost more than all the rest of it.
 */
export function rejectWithCallers(caller: Caller, reason: unknown, label: string, pool: string): void {
  // An error that several calls share would grow with each of them.
  if (!(reason instanceof Error) || annotated.has(reason)) return caller.reject(reason);
  annotated.add(reason);
  caller.resolve(fail(reason, label, pool));
}

async function fail(reason: Error, label: string, pool: string): Promise<never> {
  await undefined;
  // Now the caller's promise takes this one on; only after that does V8 see who waits.
  await undefined;
  const site: { stack?: unknown } = {};
  Error.captureStackTrace(site, fail);
  annotate(reason, site, label, pool);
  throw reason;
}

/** Never throws, whatever the error is. */
function annotate(reason: Error, site: { stack?: unknown }, label: string, pool: string): void {
  try {
    const { stack } = reason;
    if (typeof stack !== 'string') return;
    // With Error.prepareStackTrace set, a stack may be anything.
    const awaiting = typeof site.stack === 'string' ? site.stack.split('\n').slice(1).filter(isForeign) : [];
    const callers = [`    at ${label} (called by way of pool '${pool}')`, ...awaiting];
    Object.defineProperty(reason, 'stack', {
      value: [...stack.split('\n').filter(isForeign), ...callers].join('\n'),
      configurable: true,
      writable: true,
      enumerable: false,
    });
  } catch {
    // Frozen, or a stack that cannot be read: it stays as it is.
  }
}

/** Whether a line of a stack says something to users. */
function isForeign(line: string): boolean {
  return !(line.startsWith('    at ') && (line.includes(OWN_FOLDER) || line.includes('(node:internal/')));
}
