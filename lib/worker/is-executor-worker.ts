const MARKER = Symbol.for('nestjs-executor.worker');

/** Called first in a worker, before any of the application's code is loaded. */
export function markAsWorker(): void {
  Object.defineProperty(globalThis, MARKER, { value: true });
}

/**
 * Whether this code runs in a worker of a thread or process pool. (An inline pool has no workers.)
 * @publicApi
 */
export function isExecutorWorker(): boolean {
  return Object.hasOwn(globalThis, MARKER);
}
