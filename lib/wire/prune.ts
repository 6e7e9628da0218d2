import { isMadeOfProperties, Survey } from './survey.js';

/** How many objects are copied at the most: what is part of a whole library's objects is left out instead. */
const MAX_COPIES = 100;

/** Stands for a value of which nothing can be sent. */
export const NOTHING = Symbol('nothing');

/**
 * A value without what in it cannot be sent: functions, streams and the like. What can be sent stays itself; what holds something that
 * cannot is copied, as the plain data that would arrive.
 * @returns `NOTHING` where too much would have to be copied, or it is itself what cannot be sent
 */
export function prune(value: unknown): unknown {
  if (!isRefused(value)) return value;
  try {
    const pruned = pruneWith(new Map(), value);
    // It may have been too deep.
    return isRefused(pruned) ? NOTHING : pruned;
  } catch {
    return NOTHING;
  }
}

function pruneWith(copies: Map<object, object>, value: unknown): unknown {
  if (!isRefused(value)) return value;
  if (typeof value !== 'object' || value === null || !isMadeOfProperties(value)) return NOTHING;
  const known = copies.get(value);
  if (known) return known;
  if (copies.size >= MAX_COPIES)
    throw new RangeError(`more than ${MAX_COPIES} objects would have to be copied`);
  const copy: object = Array.isArray(value) ? Object.assign([], { length: value.length }) : {};
  copies.set(value, copy);
  for (const key of Object.keys(value)) {
    const property = pruneWith(copies, read(value, key));
    if (property === NOTHING) continue;
    // Not by assignment: a key may be `__proto__`.
    Object.defineProperty(copy, key, {
      value: property,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}

function isRefused(value: unknown): boolean {
  try {
    return new Survey().visit(value) !== undefined;
  } catch {
    return true;
  }
}

function read(target: object, key: string): unknown {
  try {
    return (target as Record<string, unknown>)[key];
  } catch {
    return NOTHING;
  }
}
