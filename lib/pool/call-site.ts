/** Where a call was made: `stack` is put together only if it is asked for. */
export interface CallSite {
  readonly stack?: string;
}

/** @param below the function whose callers are meant */
export function captureSite(below: (...args: never[]) => unknown): CallSite {
  const site: CallSite = {};
  Error.captureStackTrace(site, below);
  return site;
}

/** This package's own folder: its frames say nothing to the users of a method. */
const OWN_FOLDER = new URL('..', import.meta.url).href;

const annotated = new WeakSet<object>();

/**
 * Appends where the call was made to an error's stack, after the worker's own frames. Only once: an error that
 * several calls share would grow with each of them. Never throws, whatever the error is.
 */
export function appendSite(reason: unknown, site: CallSite, label: string, pool: string): void {
  try {
    if (!(reason instanceof Error) || annotated.has(reason)) return;
    annotated.add(reason);
    const { stack } = reason;
    if (typeof stack !== 'string') return;
    // With Error.prepareStackTrace set, a stack may be anything.
    const callers = typeof site.stack === 'string' ? site.stack : '';
    const frames = withoutOwnFrames(callers.slice(callers.indexOf('\n') + 1));
    Object.defineProperty(reason, 'stack', {
      value: `${withoutOwnFrames(stack)}\n    at ${label} (called by way of pool '${pool}')\n${frames}`,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  } catch {
    // Frozen, or a stack that cannot be read: it stays as it is.
  }
}

function withoutOwnFrames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !(line.startsWith('    at ') && line.includes(OWN_FOLDER)))
    .join('\n');
}
