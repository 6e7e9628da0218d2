import { closest, distance } from 'fastest-levenshtein';
import { inspect } from 'node:util';
import { ExecutorOptionsError } from '../errors/executor.errors.js';
import { DEFAULT_POOL } from '../executor.constants.js';

/** Checks one value; `undefined` if it is allowed, else what would be. */
export type Rule = (value: unknown) => string | undefined;

export const positiveInteger: Rule = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'an integer of 1 or more';

export const naturalNumber: Rule = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'an integer of 0 or more';

export const finiteNumber: Rule = (value) => (Number.isFinite(value) ? undefined : 'a finite number');

export const positiveNumber: Rule = (value) =>
  Number.isFinite(value) && (value as number) > 0 ? undefined : 'a number above 0';

/** setTimeout takes no more: a longer delay would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

export const delay: Rule = (value) =>
  isDelay(value, 1) ? undefined : `a number of ms from 1 to ${MAX_DELAY}`;

export const delayOrZero: Rule = (value) =>
  isDelay(value, 0) ? undefined : `a number of ms from 0 to ${MAX_DELAY}`;

function isDelay(value: unknown, least: number): boolean {
  return typeof value === 'number' && value >= least && value <= MAX_DELAY;
}

export function oneOf(...allowed: readonly string[]): Rule {
  return (value) => (allowed.includes(value as string) ? undefined : `one of ${list(allowed)}`);
}

export const signal: Rule = (value) => (value instanceof AbortSignal ? undefined : 'an AbortSignal');

export const nonEmptyString: Rule = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'a string that is not empty';

/** An arrow function or a method has no prototype: Nest could make nothing of it. */
export const aClassOrFalse: Rule = (value) => {
  const isClass = typeof value === 'function' && typeof value.prototype === 'object';
  return isClass || value === false ? undefined : 'a Nest module class, or false';
};

export const aFunction: Rule = (value) => (typeof value === 'function' ? undefined : 'a function');

export const aList: Rule = (value) => (Array.isArray(value) ? undefined : 'a list');

export const aToken: Rule = (value) =>
  value === null || value === '' ? 'the token of a provider' : undefined;

export const strings: Rule = (value) =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? undefined : 'a list of strings';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Checks an object's keys and values.
 * @param where how an error names the object, e.g. `Pool 'cpu'`
 * @returns what it gives: what it inherits as well, as a class of settings has getters; and nothing that is `undefined`
 * @throws ExecutorOptionsError with the key, what was given and what is allowed
 */
export function checkObject<K extends string>(
  where: string,
  value: unknown,
  rules: Readonly<Record<K, Rule>>,
): Partial<Record<K, unknown>> {
  if (!isRecord(value)) throw new ExecutorOptionsError(`${where} must be an object, not ${show(value)}.`);
  const known = Object.keys(rules) as K[];
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(rules, key)) continue;
    throw new ExecutorOptionsError(
      `${where} has no option '${key}' (given: ${glimpse(value[key])}).${didYouMean(key, known)} Allowed are ${list(known)}.`,
    );
  }
  const given: Partial<Record<K, unknown>> = {};
  for (const key of known) {
    const one = value[key];
    if (one === undefined) continue;
    const allowed = rules[key](one);
    if (allowed !== undefined) {
      throw new ExecutorOptionsError(`${where}: '${key}' must be ${allowed}, not ${show(one)}.`);
    }
    given[key] = one;
  }
  return given;
}

/** ` Did you mean 'x'?`, or nothing where no name is near. */
export function didYouMean(given: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(given, known as string[]);
  // At least half of it must be right, and something of the shortest.
  const limit = Math.min(given.length - 1, Math.ceil(given.length / 2));
  return distance(given, nearest) <= limit ? ` Did you mean '${nearest}'?` : '';
}

export function list(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

export function emptyPools(where: string): ExecutorOptionsError {
  return new ExecutorOptionsError(
    `${where}: 'pools' is empty; leave it out for one thread pool, '${DEFAULT_POOL}'.`,
  );
}

export function show(value: unknown, depth = 1): string {
  return inspect(value, { depth, breakLength: Infinity, maxStringLength: 80, customInspect: false });
}

/** Without what is in it: somebody's whole configuration, perhaps. */
function glimpse(value: unknown): string {
  return show(value, -1);
}
