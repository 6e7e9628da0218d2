import { NOTHING, Pruner, read } from './prune.js';
import { setOwn } from './set-own.js';

/** What is sent of an error. `own` holds its own properties, but for its stack and a message that is hidden as usual. */
export interface ErrorRecord {
  readonly class: string;
  /** Missing where it is among the own properties. */
  readonly name: string | undefined;
  readonly message: string;
  readonly stack: string;
  readonly own: readonly OwnProperty[];
}

type OwnProperty = readonly [key: string, value: unknown, enumerable: boolean];

type ErrorClass = abstract new (...args: never[]) => unknown;

/** Which error classes both sides know, and by which name. */
export interface ErrorClasses {
  /** The class's name on the other side; `null`: it has none; `undefined`: not looked up yet (see `learn`). */
  nameOf(errorClass: object): string | null | undefined;
  /** Looks a class up, so that `nameOf` can answer. */
  learn(errorClass: object): Promise<void>;
  /**
   * The class of that name, perhaps after its file was looked at; `undefined` where it is not known here.
   * @param mayLoad whether what all workers have at hand may be loaded for that
   */
  find(name: string, mayLoad: boolean): ErrorClass | undefined | Promise<ErrorClass | undefined>;
}

const UNREADABLE = '(unreadable)';

/**
 * @param unlearnt gathers the classes that `classes` cannot name yet
 */
export function recordError(error: object, classes: ErrorClasses, unlearnt: Set<object>): ErrorRecord {
  const own: OwnProperty[] = [];
  const pruner = new Pruner();
  for (const key of Object.getOwnPropertyNames(error)) {
    const isEnumerable = Object.prototype.propertyIsEnumerable.call(error, key);
    if (key === 'stack' || (key === 'message' && !isEnumerable)) continue;
    // An error must reach its caller even if something that hangs on it cannot.
    const value = pruner.prune(read(error, key));
    if (value !== NOTHING) own.push([key, value, isEnumerable]);
  }
  return {
    class: nearestClass(error, classes, unlearnt),
    name: own.some(([key]) => key === 'name') ? undefined : text(read(error, 'name')),
    message: text(read(error, 'message')),
    stack: text(read(error, 'stack')),
    own,
  };
}

function nearestClass(error: object, classes: ErrorClasses, unlearnt: Set<object>): string {
  for (
    let prototype = Object.getPrototypeOf(error);
    prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const constructor = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof constructor !== 'function') continue;
    const name = classes.nameOf(constructor);
    if (typeof name === 'string') return name;
    if (name === undefined) unlearnt.add(constructor);
  }
  return 'Error';
}

/** A native error without its class and properties yet, as it may be part of itself (`cause`). */
export function emptyError(): Error {
  return withoutFrames(() => new Error());
}

/**
 * Makes an error that keeps no stack frames of its own. Frames hold on to whoever ran in them: here the
 * deserializer, which holds on to the error, so that neither would ever be freed.
 */
export function withoutFrames<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

export function fillError(error: Error, record: ErrorRecord): void {
  if (!record.own.some(([key]) => key === 'message')) setOwn(error, 'message', record.message, false);
  setOwn(error, 'stack', record.stack, false);
  for (const [key, value, enumerable] of record.own) {
    setOwn(error, key, value, enumerable);
  }
}

/** Gives the error its class, and its name where the class's own is another (an unknown subclass). */
export function classifyError(
  error: Error,
  errorClass: ErrorClass | undefined,
  name: string | undefined,
): void {
  if (errorClass !== undefined) Object.setPrototypeOf(error, errorClass.prototype as object);
  if (name !== undefined && read(error, 'name') !== name) setOwn(error, 'name', name, false);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : UNREADABLE;
}
