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

/** Appends where the call was made to an error's stack, after the worker's own frames. */
export function appendSite(reason: unknown, site: CallSite, label: string, pool: string): void {
  if (!(reason instanceof Error) || typeof reason.stack !== 'string') return;
  const frames = site.stack?.slice(site.stack.indexOf('\n') + 1) ?? '';
  const stack = `${withoutOwnFrames(reason.stack)}\n    at ${label} (called by way of pool '${pool}')\n${withoutOwnFrames(frames)}`;
  try {
    Object.defineProperty(reason, 'stack', {
      value: stack,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  } catch {
    // A frozen reason of an abort stays as it is.
  }
}

function withoutOwnFrames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !(line.startsWith('    at ') && line.includes(OWN_FOLDER)))
    .join('\n');
}
