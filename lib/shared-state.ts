/**
 * State that all copies of this package in a thread have in common. Loaders that compile CommonJS (tsx) make a
 * second copy of it, and both then take part in one call.
 */
export function sharedState<T>(name: string, make: () => T): T {
  const key = Symbol.for(`nestjs-executor.${name}`);
  const holder = globalThis as unknown as Record<symbol, T>;
  if (!Object.hasOwn(holder, key)) Object.defineProperty(holder, key, { value: make() });
  return holder[key] as T;
}
