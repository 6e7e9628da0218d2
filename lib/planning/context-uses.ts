import { isDeepStrictEqual } from 'node:util';
import type { InjectionToken, Type } from '@nestjs/common';
import {
  dependenciesOf,
  describeToken,
  isPlainClass,
  lookUp,
  moduleOf,
  type ModuleRecord,
  type ProviderRecord,
} from './nest-graph.js';

/** What a class has for a token in the application, or what it is there itself. */
interface Use {
  readonly target: Type<unknown>;
  readonly module: ModuleRecord;
  readonly record: ProviderRecord;
}

/** What a pool's classes are injected with that its context provides: in the application perhaps several, in a worker one. */
export class ContextUses {
  readonly #uses = new Map<InjectionToken, Use[]>();

  constructor(private readonly context: Type<unknown> | undefined) {}

  note(token: InjectionToken, use: Use): void {
    const uses = this.#uses.get(token);
    if (uses) uses.push(use);
    else this.#uses.set(token, [use]);
  }

  /**
   * To be asked when the application's instances are made.
   * @returns a line for each token that stands for different things there
   */
  describeConflicts(): string[] {
    const context = this.context?.name;
    return [...this.#uses].flatMap(([token, [first, ...others]]) => {
      const other = first && others.find(({ record }) => !isAlike(first.record, record));
      if (!other) return [];
      const cure =
        token === first.target
          ? `derive a class of its own for each`
          : `let ${context} import the modules that provide these classes, or give each class a pool of its own`;
      return [
        `${describe(first)} and ${describe(other)} are each injected with ${describeToken(token)} of their own in the application, but in workers ` +
          `both with that of ${context}. Unless those are alike, ${cure}.`,
      ];
    });
  }
}

function describe({ target, module }: Use): string {
  return `${target.name} (${module.metatype.name})`;
}

function isAlike(one: ProviderRecord, other: ProviderRecord, seen = new Set<ProviderRecord>()): boolean {
  if (one === other || seen.has(one)) return true;
  seen.add(one);
  const [host, otherHost] = [moduleOf(one), moduleOf(other)];
  if (isPlainClass(one) && isPlainClass(other) && host && otherHost) {
    return dependenciesOf(one.metatype as never).every((token) => {
      const [found, otherFound] = [lookUp(host, token), lookUp(otherHost, token)];
      return found === otherFound || (found && otherFound && isAlike(found, otherFound, seen));
    });
  }
  // What is made later cannot be compared.
  if (!one.isDependencyTreeStatic() || !other.isDependencyTreeStatic()) return true;
  try {
    return isDeepStrictEqual(one.instance, other.instance);
  } catch {
    return false;
  }
}
