import { isMadeOfProperties, Survey } from './survey.js';

/** How many properties are looked at for one error at the most: what is part of a whole library's objects is left out instead. */
const MAX_PROPERTIES = 5_000;

/** More cannot be sent. */
const MAX_DEPTH = 1_000;

/** Stands for a value of which nothing can be sent. */
export const NOTHING = Symbol('nothing');

/**
 * Takes out of values what cannot be sent: functions, streams and the like. A value that can be sent stays itself; another one is copied,
 * as the plain data that would arrive. What several of them have in common, their copies have, too.
 */
export class Pruner {
  readonly #copies = new Map<object, unknown>();
  #properties = 0;

  /** @returns `NOTHING` where that is too much, or it is itself what cannot be sent */
  prune(value: unknown): unknown {
    if (!isRefused(value)) return value;
    try {
      const pruned = this.#copy(value, 0);
      // It may have been too deep.
      return isRefused(pruned) ? NOTHING : pruned;
    } catch {
      return NOTHING;
    }
  }

  #copy(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null) return isRefused(value) ? NOTHING : value;
    if (this.#copies.has(value)) return this.#copies.get(value);
    if (!isComposite(value)) {
      const leaf = isRefused(value) ? NOTHING : value;
      this.#copies.set(value, leaf);
      return leaf;
    }
    const keys = Object.keys(value);
    this.#properties += keys.length + 1;
    if (this.#properties > MAX_PROPERTIES || depth >= MAX_DEPTH)
      throw new RangeError('too much to be copied');
    const copy: object = Array.isArray(value) ? Object.assign([], { length: value.length }) : {};
    this.#copies.set(value, copy);
    for (const key of keys) {
      const property = this.#copy(read(value, key), depth + 1);
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
}

function isRefused(value: unknown): boolean {
  try {
    return new Survey().visit(value) !== undefined;
  } catch {
    return true;
  }
}

/** What an object is may be asked of a Proxy, which may throw. */
function isComposite(value: object): boolean {
  try {
    return isMadeOfProperties(value);
  } catch {
    return false;
  }
}

function read(target: object, key: string): unknown {
  try {
    return (target as Record<string, unknown>)[key];
  } catch {
    return NOTHING;
  }
}
