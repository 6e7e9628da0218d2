import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';

/**
 * Whether V8 makes objects of another realm here than the code's own. So it is where a test runner evaluates code in a vm
 * context (Jest): `new Date() instanceof Date` would be false for what came in.
 */
const isForeign = Object.getPrototypeOf(deserialize(serialize({}))) !== Object.prototype;

/** Gives what V8 read the classes of this code's realm, where they are others. */
export function adopt<T>(value: T): T {
  if (isForeign) adoptAll(value);
  return value;
}

/** What an object holds needs no particular realm to be used: only its prototype is changed. Errors are made here already. */
export function adoptAll(root: unknown): void {
  const seen = new Set<object>();
  const left: unknown[] = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (ArrayBuffer.isView(value)) continue;
    const prototype = prototypeFor(value);
    if (prototype) Object.setPrototypeOf(value, prototype);
    if (value instanceof Map) for (const [key, entry] of value) left.push(key, entry);
    if (value instanceof Set) for (const entry of value) left.push(entry);
    for (const name of Object.getOwnPropertyNames(value)) left.push((value as Record<string, unknown>)[name]);
  }
}

function prototypeFor(value: object): object | undefined {
  if (Array.isArray(value)) return Array.prototype;
  if (types.isDate(value)) return Date.prototype;
  if (types.isRegExp(value)) return RegExp.prototype;
  if (types.isMap(value)) return Map.prototype;
  if (types.isSet(value)) return Set.prototype;
  if (types.isNumberObject(value)) return Number.prototype;
  if (types.isStringObject(value)) return String.prototype;
  if (types.isBooleanObject(value)) return Boolean.prototype;
  if (types.isBigIntObject(value)) return BigInt.prototype;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype !== null && Object.getPrototypeOf(prototype) === null;
  return isPlain ? Object.prototype : undefined;
}
