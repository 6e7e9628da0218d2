import { hopsTo, type DecoratedMethod } from './decorators/decorated-method.js';
import type { CallTarget } from './hosts/worker-host.interface.js';
import { locate } from './reference/locate.js';
import type { Reference } from './reference/reference.js';
import type { TargetDefinition } from './wire/worker-plan.js';

/** A decorated method of a class, as a target of calls; one for each class and method. */
export class MethodTarget implements CallTarget {
  readonly label: string;
  definition: TargetDefinition | undefined;
  usualTime: number | undefined;

  constructor(
    readonly target: object,
    readonly method: DecoratedMethod,
  ) {
    this.label = `${(target as { name: string }).name}.${String(method.name)}()`;
  }

  place(reference: Reference): void {
    const { name, owner } = this.method;
    this.definition = { reference, method: name as string, hops: hopsTo(owner, this.target) };
  }

  invoke(self: unknown, args: readonly unknown[]): unknown {
    return this.method.original.apply(self, args as never[]);
  }
}

/** A function given to `run`. */
export class FunctionTarget implements CallTarget {
  readonly label: string;
  definition: TargetDefinition | undefined;
  usualTime: number | undefined;
  #located: Promise<void> | undefined;

  constructor(
    readonly fn: (...args: never[]) => unknown,
    readonly file: string | undefined,
  ) {
    // A class may have a static property called name, of any type.
    this.label = typeof fn.name === 'string' && fn.name !== '' ? `${fn.name}()` : 'an anonymous function';
  }

  /** Rejects with ExecutorReferenceError. Once it is located, `definition` is set. */
  locate(): Promise<void> {
    return (this.#located ??= this.#locate());
  }

  invoke(_self: unknown, args: readonly unknown[]): unknown {
    // Without a `this`, as in workers.
    const { fn } = this;
    return fn(...(args as never[]));
  }

  async #locate(): Promise<void> {
    try {
      this.definition = { reference: await locate(this.fn, this.file) };
    } catch (error) {
      this.#located = undefined;
      throw error;
    }
  }
}
