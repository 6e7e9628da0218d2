import { importPackage } from './resolve.js';

type ErrorClass = abstract new (...args: never[]) => unknown;

const PACKAGE = '@nestjs/common';

/** Those that its other error classes extend. */
const BASES: ReadonlySet<string> = new Set(['IntrinsicException', 'HttpException']);

/** Nest's error classes by their names. A worker that only runs functions has no Nest until something needs it. */
export class NestErrors {
  readonly #names = new WeakMap<object, string>();
  readonly #classes = new Map<string, ErrorClass>();

  /** @param exports those of `@nestjs/common` */
  know(exports: object): void {
    if (this.#classes.size > 0) return;
    for (const [name, value] of Object.entries(exports)) {
      if (!isErrorClass(value)) continue;
      this.#names.set(value, `${PACKAGE}:${name}`);
      this.#classes.set(`${PACKAGE}:${name}`, value);
    }
  }

  nameOf(errorClass: object): string | undefined {
    return this.#names.get(errorClass);
  }

  find(name: string): ErrorClass | undefined | Promise<ErrorClass | undefined> {
    const known = this.#classes.get(name);
    if (known || this.#classes.size > 0 || !name.startsWith(`${PACKAGE}:`)) return known;
    return this.#load().then(() => this.#classes.get(name));
  }

  /** Makes sure that the class has its name, if it is Nest's or extends one of Nest's. */
  async learn(errorClass: object): Promise<void> {
    if (this.#classes.size > 0) return;
    for (let each: unknown = errorClass; typeof each === 'function'; each = Object.getPrototypeOf(each)) {
      if (BASES.has(each.name)) return this.#load();
    }
  }

  /** What throws an error of Nest's has loaded Nest already; what is passed one might ask it for its status. */
  async #load(): Promise<void> {
    try {
      this.know(await importPackage(PACKAGE));
    } catch {
      // The error then keeps its name alone, as that of an unknown class does.
    }
  }
}

export const nestErrors = new NestErrors();

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof Error;
}
