import * as executorErrors from '../errors/executor.errors.js';
import { isUncertain, locate } from './locate.js';
import { type ErrorClass, isErrorClass, nestErrors } from './nest-errors.js';
import type { Reference } from './reference.js';
import { loadExport } from './resolve.js';
import { scriptMap } from './script-map.js';
import { setTimeout } from '../node-timers.js';

/** Names for the error classes that both sides have: JavaScript's, Nest's, ours, and exported ones by their file. */
export class SharedErrorClasses {
  readonly #names = new WeakMap<object, string | null>();
  readonly #classes = new Map<string, ErrorClass>();
  readonly #isInline: boolean;
  #inlineNames = 0;

  /** @param isInline there is no other side: a class need not be found again, only be one that a worker might find */
  constructor(isInline = false) {
    this.#isInline = isInline;
    for (const builtin of BUILTINS) this.#add(builtin.name, builtin);
    for (const [name, value] of Object.entries(executorErrors)) {
      if (isErrorClass(value)) this.#add(`nestjs-executor:${name}`, value);
    }
  }

  nameOf(errorClass: object): string | null | undefined {
    return nestErrors.nameOf(errorClass) ?? this.#names.get(errorClass);
  }

  async learn(errorClass: object): Promise<void> {
    try {
      await nestErrors.learn(errorClass);
      if (nestErrors.nameOf(errorClass) !== undefined) return;
      const reference = await locate(errorClass as ErrorClass);
      this.#add(JSON.stringify(reference), errorClass as ErrorClass);
    } catch (error) {
      // Only if it is exported can a worker find it; where that cannot be told, as test runners load files in their own way, it may be.
      if (this.#isInline && isUncertain(error))
        this.#add(`inline:${++this.#inlineNames}`, errorClass as ErrorClass);
      else this.#names.set(errorClass, null);
    }
  }

  find(name: string, mayLoad: boolean): ErrorClass | undefined | Promise<ErrorClass | undefined> {
    const known = this.#classes.get(name);
    return known ?? (name.startsWith('{') ? this.#import(name) : nestErrors.find(name, mayLoad));
  }

  /** A class is looked up only in a file that is loaded: an error must not import new code. */
  async #import(name: string): Promise<ErrorClass | undefined> {
    try {
      const reference = JSON.parse(name) as Reference;
      if (!scriptMap.isLoaded(reference.file)) return undefined;
      const found = await Promise.race([loadExport(reference), tooLate()]);
      if (!isErrorClass(found)) return undefined;
      this.#add(name, found);
      return found;
    } catch {
      return undefined;
    }
  }

  #add(name: string, errorClass: ErrorClass): void {
    this.#names.set(errorClass, name);
    this.#classes.set(name, errorClass);
  }
}

const BUILTINS: readonly ErrorClass[] = [
  Error,
  AggregateError,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];

/** A loaded file is imported in a moment; one that waits for something at its top level may never be. In ms. */
const LOOK_UP_TIMEOUT = 1_000;

function tooLate(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), LOOK_UP_TIMEOUT).unref());
}
