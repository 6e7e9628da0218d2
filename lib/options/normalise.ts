import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { ExecutorOptionsError } from '../errors/executor.errors.js';
import { DEFAULT_POOL } from '../executor.constants.js';
import type { CallOptions, RunInExecutorOptions } from '../interfaces/call-options.interface.js';
import type { ExecutorModuleOptions } from '../interfaces/module-options.interface.js';
import type { PoolOptions, PoolSizeRange, RecycleOptions } from '../interfaces/pool-options.interface.js';
import type { PoolSettings } from './pool-settings.js';
import {
  aClassOrFalse,
  checkObject,
  delay,
  delayOrZero,
  didYouMean,
  emptyPools,
  finiteNumber,
  isRecord,
  list,
  naturalNumber,
  nonEmptyString,
  oneOf,
  positiveInteger,
  positiveNumber,
  type Rule,
  show,
  signal,
  strings,
} from './rules.js';

const size: Rule = (value) => {
  if (positiveInteger(value) === undefined) return undefined;
  const allowed = 'an integer of 1 or more, or { min, max } with 0 <= min <= max and max >= 1';
  if (!isRecord(value)) return allowed;
  const { min, max, ...others } = value;
  const isRange =
    naturalNumber(min) === undefined &&
    positiveInteger(max) === undefined &&
    (min as number) <= (max as number) &&
    Object.keys(others).length === 0;
  return isRange ? undefined : allowed;
};

/** With much less, a thread ends the whole application as it starts (Node 20 with 0.2, say). */
const LEAST_STACK_MB = 0.5;

const stackSize: Rule = (value) =>
  Number.isFinite(value) && (value as number) >= LEAST_STACK_MB
    ? undefined
    : `a number of ${LEAST_STACK_MB} or more`;

/** Checked after all others, by what shows nothing of it. */
const aSecret: Rule = () => undefined;

/** An object within a pool's options: its own keys are checked after it. */
const anObject: Rule = (value) => (isRecord(value) ? undefined : 'an object');

const POOL_RULES: Readonly<Record<keyof PoolOptions, Rule>> = {
  kind: oneOf('thread', 'process', 'inline'),
  size,
  concurrency: positiveInteger,
  maxQueue: naturalNumber,
  queueTimeout: delay,
  timeout: delay,
  idleTimeout: delayOrZero,
  recycle: anObject,
  context: aClassOrFalse,
  warmup: oneOf('eager', 'lazy'),
  bootTimeout: delay,
  shutdownTimeout: delayOrZero,
  resourceLimits: anObject,
  env: aSecret,
  execArgv: strings,
  retries: naturalNumber,
};

const RECYCLE_RULES = { calls: positiveInteger, memoryMb: positiveNumber };

const RESOURCE_LIMIT_RULES = {
  maxOldGenerationSizeMb: positiveNumber,
  maxYoungGenerationSizeMb: positiveNumber,
  codeRangeSizeMb: positiveNumber,
  stackSizeMb: stackSize,
};

/** What holds for every call of a decorated method. */
const METHOD_RULES = { timeout: delay, priority: finiteNumber, retries: naturalNumber, file: nonEmptyString };

const CALL_RULES = { ...METHOD_RULES, signal };

const MODULE_RULES = { pools: anObject, default: nonEmptyString };

/** The pools of an application, checked and complete. */
export interface ExecutorSettings {
  readonly pools: ReadonlyMap<string, PoolSettings>;
  /** What a bare `@RunInExecutor()` means; `undefined` if there is no such pool. */
  readonly defaultPool: string | undefined;
}

/** @throws ExecutorOptionsError */
export function normaliseOptions(given: ExecutorModuleOptions = {}): ExecutorSettings {
  const options = checkModuleOptions(given);
  const described: [string, unknown][] = Object.entries(options.pools ?? { [DEFAULT_POOL]: {} });
  if (described.length === 0) {
    throw emptyPools('ExecutorModule');
  }
  const pools = new Map(described.map(([name, pool]) => [name, normalisePool(name, pool)]));
  return { pools, defaultPool: defaultPool(options.default, [...pools.keys()]) };
}

/**
 * Checks all but what each pool is given.
 * @throws ExecutorOptionsError
 */
export function checkModuleOptions(given: unknown): ExecutorModuleOptions {
  return checkObject('ExecutorModule', given, MODULE_RULES) as ExecutorModuleOptions;
}

/**
 * @param where how an error names the place, e.g. `CatalogService.parse()`
 * @returns those that were given
 * @throws ExecutorOptionsError
 */
export function checkCallOptions(where: string, options: unknown): CallOptions {
  return checkObject(where, options, CALL_RULES) as CallOptions;
}

/** The same for what `@RunInExecutor` was given. */
export function checkMethodOptions(where: string, options: unknown): RunInExecutorOptions {
  return checkObject(where, options, METHOD_RULES) as RunInExecutorOptions;
}

/**
 * The pool that a name, or no name, means.
 * @param where how an error names who asks, e.g. `CatalogService.parse()`
 * @throws ExecutorOptionsError if there is none
 */
export function choosePool(where: string, name: string | undefined, settings: ExecutorSettings): string {
  const names = [...settings.pools.keys()];
  if (name === undefined) {
    if (settings.defaultPool !== undefined) return settings.defaultPool;
    throw new ExecutorOptionsError(
      `${where} names no pool, and none is the default. Name one of ${list(names)}, or set ExecutorModule's 'default'.`,
    );
  }
  if (settings.pools.has(name)) return name;
  throw new ExecutorOptionsError(
    `${where} wants pool '${name}', which ExecutorModule does not have.${didYouMean(name, names)} Its pools are ${list(names)}.`,
  );
}

function defaultPool(given: unknown, names: readonly string[]): string | undefined {
  if (given === undefined) {
    if (names.includes(DEFAULT_POOL)) return DEFAULT_POOL;
    return names.length === 1 ? names[0] : undefined;
  }
  if (names.includes(given as string)) return given as string;
  throw new ExecutorOptionsError(
    `ExecutorModule: 'default' is ${show(given)}, which is no pool.${didYouMean(String(given), names)} ` +
      `The pools are ${list(names)}.`,
  );
}

function normalisePool(name: string, options: unknown): PoolSettings {
  const where = `Pool '${name}'`;
  if (name === '') throw new ExecutorOptionsError(`A pool's name must not be empty.`);
  const given = checkObject(where, options, POOL_RULES) as PoolOptions;
  const { concurrency = 1, recycle = {}, resourceLimits, env } = given;
  if (env !== undefined) checkEnv(where, env);
  return {
    name,
    kind: given.kind ?? 'thread',
    size: sizeRange(given.size ?? availableParallelism()),
    concurrency,
    prefetches: concurrency === 1,
    maxQueue: given.maxQueue ?? 10_000,
    queueTimeout: given.queueTimeout ?? 0,
    timeout: given.timeout ?? 0,
    idleTimeout: given.idleTimeout ?? 60_000,
    recycle: checkObject(`${where}: 'recycle'`, recycle, RECYCLE_RULES) as RecycleOptions,
    context: given.context,
    warmup: given.warmup ?? 'eager',
    bootTimeout: given.bootTimeout ?? 30_000,
    shutdownTimeout: given.shutdownTimeout ?? 10_000,
    resourceLimits:
      resourceLimits &&
      (checkObject(`${where}: 'resourceLimits'`, resourceLimits, RESOURCE_LIMIT_RULES) as ResourceLimits),
    env,
    execArgv: given.execArgv,
    retries: given.retries ?? 0,
  };
}

function sizeRange(given: number | PoolSizeRange): PoolSizeRange {
  return typeof given === 'number' ? { min: given, max: given } : { min: given.min, max: given.max };
}

/** Shows no value: those of others are secrets, often. */
function checkEnv(where: string, env: unknown): void {
  if (!isRecord(env)) {
    throw new ExecutorOptionsError(`${where}: 'env' must be an object with strings as values.`);
  }
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'string') continue;
    const kind = value === null ? 'null' : typeof value;
    throw new ExecutorOptionsError(`${where}: 'env': '${name}' must be a string, not of type ${kind}.`);
  }
}
