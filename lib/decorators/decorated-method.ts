import 'reflect-metadata';
import { DECORATED_METHODS } from '../executor.constants.js';
import type { RunInExecutorOptions } from '../interfaces/call-options.interface.js';
import type { AsyncMethod } from '../interfaces/decorated-method.interface.js';
import { sharedState } from '../shared-state.js';

/** What `@RunInExecutor` knows about a method. */
export interface DecoratedMethod {
  readonly name: string | symbol;
  /** The prototype that the decorator stands on. */
  readonly owner: object;
  readonly pool: string | undefined;
  readonly options: RunInExecutorOptions;
  /** The method as it was written. */
  readonly original: AsyncMethod;
}

/** The functions that replace decorated methods. */
export const wrappers = sharedState('wrappers', () => new WeakSet<object>());

export function recordDecoratedMethod(method: DecoratedMethod): void {
  const own =
    (Reflect.getOwnMetadata(DECORATED_METHODS, method.owner) as DecoratedMethod[] | undefined) ?? [];
  Reflect.defineMetadata(DECORATED_METHODS, [...own, method], method.owner);
}

/** All decorated methods of a class: its own first, then those of the classes above it. */
export function decoratedMethodsOf(target: object): DecoratedMethod[] {
  const found: DecoratedMethod[] = [];
  for (const prototype of prototypesOf(target)) {
    const own = Reflect.getOwnMetadata(DECORATED_METHODS, prototype) as DecoratedMethod[] | undefined;
    if (own) found.push(...own);
  }
  return found;
}

/** How many prototypes the method's owner is above the class's own prototype; -1 if it is not among them. */
export function hopsTo(owner: object, target: object): number {
  let hops = 0;
  for (const prototype of prototypesOf(target)) {
    if (prototype === owner) return hops;
    hops++;
  }
  return -1;
}

/** The inverse: the decorated method that many prototypes up. */
export function decoratedMethodAt(target: object, name: string, hops: number): DecoratedMethod | undefined {
  const owner = [...prototypesOf(target)][hops];
  if (!owner) return undefined;
  const own = Reflect.getOwnMetadata(DECORATED_METHODS, owner) as DecoratedMethod[] | undefined;
  return own?.find((method) => method.name === name);
}

/** @param target a class */
function* prototypesOf(target: object): Iterable<object> {
  let prototype = (target as { prototype?: object | null }).prototype ?? null;
  while (prototype && prototype !== Object.prototype) {
    yield prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
}
