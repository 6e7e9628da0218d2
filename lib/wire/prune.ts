import { setOwn } from './set-own.js';
import { isMadeOfProperties, MAX_DEPTH, Survey } from './survey.js';

/** How many properties and entries are copied for one property of an error, and for all of them, at the most. */
const MAX_COPIED = 50_000;
const MAX_COPIED_IN_ALL = 2 * MAX_COPIED;

/** How many properties of one error are copied at the most. */
const MAX_PRUNED = 100;

/** Stands for a value of which nothing can be sent. */
export const NOTHING = Symbol('nothing');

/**
 * Takes out of an error's properties what cannot be sent: functions, streams and the like. A property that can be sent stays itself;
 * another one is copied, as the plain data that would arrive. What several of them have in common, their copies have, too.
 */
export class Pruner {
  #copies = new Map<object, unknown>();
  /** Remembers what can be sent, until something cannot: what led there it takes for known, too. */
  #survey = new Survey();
  #copied = 0;
  #pruned = 0;

  /** @returns `NOTHING` where that is too much, or it is itself what cannot be sent */
  prune(value: unknown): unknown {
    if (!isRefused(value, this.#survey)) return value;
    this.#survey = new Survey();
    if (++this.#pruned > MAX_PRUNED) return NOTHING;
    const most = Math.min(this.#copied + MAX_COPIED, MAX_COPIED_IN_ALL);
    try {
      return this.#copy(value, 0, most);
    } catch {
      // What was copied so far is not all.
      this.#copies = new Map();
      return NOTHING;
    }
  }

  #copy(value: unknown, depth: number, most: number): unknown {
    if (typeof value !== 'object' || value === null) return isRefused(value) ? NOTHING : value;
    if (this.#copies.has(value)) return this.#copies.get(value);
    if (depth >= MAX_DEPTH) throw new RangeError('too deep');
    const copy = emptyCopyOf(value);
    // What cannot be taken apart stays itself, or is left out.
    const stand = copy ?? (isRefused(value) ? NOTHING : value);
    this.#copies.set(value, stand);
    if (copy === undefined) return stand;
    const copyPart = (part: unknown) => {
      if (++this.#copied > most) throw new RangeError('too much to be copied');
      return this.#copy(part, depth + 1, most);
    };
    if (copy instanceof Map) copyMap(value as ReadonlyMap<unknown, unknown>, copy, copyPart);
    else if (copy instanceof Set) copySet(value as ReadonlySet<unknown>, copy, copyPart);
    else copyProperties(value, copy, copyPart);
    return copy;
  }
}

type CopyPart = (part: unknown) => unknown;

/** @returns `undefined` for what cannot be taken apart */
function emptyCopyOf(value: object): object | undefined {
  try {
    if (isMadeOfProperties(value))
      return Array.isArray(value) ? Object.assign([], { length: value.length }) : {};
    if (value instanceof Map) return new Map();
    return value instanceof Set ? new Set() : undefined;
  } catch {
    // What it is may be asked of a Proxy, which may throw.
    return undefined;
  }
}

function copyMap(map: ReadonlyMap<unknown, unknown>, copy: Map<unknown, unknown>, copyPart: CopyPart): void {
  for (const entry of map) {
    const [key, value] = entry.map(copyPart);
    if (key !== NOTHING && value !== NOTHING) copy.set(key, value);
  }
}

function copySet(set: ReadonlySet<unknown>, copy: Set<unknown>, copyPart: CopyPart): void {
  for (const entry of set) {
    const value = copyPart(entry);
    if (value !== NOTHING) copy.add(value);
  }
}

function copyProperties(from: object, to: object, copyPart: CopyPart): void {
  for (const key of Object.keys(from)) {
    const value = copyPart(read(from, key));
    if (value === NOTHING) continue;
    setOwn(to, key, value);
  }
}

function isRefused(value: unknown, survey = new Survey()): boolean {
  try {
    return survey.visit(value) !== undefined;
  } catch {
    return true;
  }
}

/** @returns `NOTHING` where a getter throws */
export function read(target: object, key: string): unknown {
  try {
    return (target as Record<string, unknown>)[key];
  } catch {
    return NOTHING;
  }
}
