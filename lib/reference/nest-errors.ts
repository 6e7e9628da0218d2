import { importPackage } from './resolve.js';

export type ErrorClass = abstract new (...args: never[]) => unknown;

const PACKAGE = '@nestjs/common';

/** Those that its other error classes extend. */
const BASES: ReadonlySet<string> = new Set(['IntrinsicException', 'HttpException']);

/** Nest's error classes by their names. A worker that only runs functions has no Nest until something needs it. */
export class NestErrors {
  readonly #names = new WeakMap<object, string>();
  readonly #classes = new Map<string, ErrorClass>();
  #require: () => object | undefined = () => undefined;

  /** @param exports those of `@nestjs/common` */
  know(exports: object): void {
    if (this.#isKnown) return;
    for (const [name, value] of Object.entries(exports)) {
      if (!isErrorClass(value)) continue;
      this.#names.set(value, `${PACKAGE}:${name}`);
      this.#classes.set(`${PACKAGE}:${name}`, value);
    }
  }

  /** @param require how a worker has `@nestjs/common` at once; `undefined` where that cannot be, or not now */
  beRequired(require: (name: string) => object | undefined): void {
    this.#require = () => require(PACKAGE);
  }

  nameOf(errorClass: object): string | undefined {
    if (!this.#isKnown && extendsOne(errorClass)) this.#knowAtOnce();
    return this.#names.get(errorClass);
  }

  /** Makes sure that `nameOf` can answer. */
  async learn(errorClass: object): Promise<void> {
    // It is loaded, as there is one: other files that are being loaded need not be waited for.
    if (!this.#isKnown && extendsOne(errorClass)) this.know((await import(PACKAGE)) as object);
  }

  /**
   * @param mayLoad whether Nest is loaded for that, if it was not: what is passed an error as an argument might ask it for its
   *   status, whereas an abort must not wait
   */
  find(name: string, mayLoad: boolean): ErrorClass | undefined | Promise<ErrorClass | undefined> {
    if (mayLoad && !this.#isKnown && name.startsWith(`${PACKAGE}:`) && !this.#knowAtOnce()) {
      return this.#import().then(() => this.#classes.get(name));
    }
    return this.#classes.get(name);
  }

  get #isKnown(): boolean {
    return this.#classes.size > 0;
  }

  #knowAtOnce(): boolean {
    const exports = this.#require();
    if (exports) this.know(exports);
    return this.#isKnown;
  }

  async #import(): Promise<void> {
    try {
      this.know(await importPackage(PACKAGE));
    } catch {
      // The error then keeps its name alone, as that of an unknown class does.
    }
  }
}

export const nestErrors = new NestErrors();

function extendsOne(errorClass: unknown): boolean {
  try {
    for (let each = errorClass; typeof each === 'function'; each = Object.getPrototypeOf(each)) {
      if (BASES.has(each.name)) return true;
    }
  } catch {
    // A class may be a Proxy, or have a getter for its name.
  }
  return false;
}

export function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof Error;
}
