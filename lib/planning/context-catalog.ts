import type { DynamicModule, ForwardReference, InjectionToken, Provider, Type } from '@nestjs/common';
import { ExecutorOptionsError } from '../errors/executor.errors.js';

type Definition = Type<unknown> | DynamicModule;
/** What a module's lists may hold. */
export type ModuleEntry = Definition | Promise<DynamicModule> | ForwardReference;

/** Nest's metadata key of `@Global()` (`@nestjs/common`, constants). */
const GLOBAL = '__module:global__';

/** A module of the context, as its decorator and `forRoot()` and the like define it. */
interface ModuleDefinition {
  readonly target: Type<unknown>;
  readonly isGlobal: boolean;
  readonly imports: ModuleDefinition[];
  readonly exports: readonly unknown[];
}

/** All that a context module provides, itself or by what it imports. */
export class ContextCatalog {
  readonly #definitions = new Map<unknown, ModuleDefinition>();
  readonly #holders = new Map<InjectionToken, Set<Type<unknown>>>();
  readonly #made = new Set<unknown>();
  #visible: ReadonlySet<unknown> = new Set();

  private constructor() {}

  /** Rejects with ExecutorOptionsError where a file of it is imported in a circle. */
  static async of(context: Type<unknown> | undefined): Promise<ContextCatalog> {
    const catalog = new ContextCatalog();
    if (context) {
      const root = await catalog.#collect(context);
      const globals = [...catalog.#definitions.values()].filter(({ isGlobal }) => isGlobal);
      const visible = new Set<unknown>();
      for (const definition of root ? [root, ...globals] : globals) {
        await addExports(definition, visible, new Set());
      }
      catalog.#visible = visible;
    }
    return catalog;
  }

  /** Whether any of its modules provides the token. */
  has(token: InjectionToken): boolean {
    return this.#holders.has(token);
  }

  /** The modules that provide the token, whether or not others can be injected with it. */
  modulesWith(token: InjectionToken): ReadonlySet<Type<unknown>> {
    return this.#holders.get(token) ?? new Set();
  }

  /** Whether who imports the context can be injected with it. */
  exports(token: InjectionToken): boolean {
    return this.#visible.has(token);
  }

  /** Whether it makes that class for another token. */
  makes(target: Type<unknown>): boolean {
    return this.#made.has(target);
  }

  async #collect(entry: ModuleEntry): Promise<ModuleDefinition | undefined> {
    const resolved = await resolveEntry(entry);
    const known = this.#definitions.get(resolved);
    if (resolved === undefined || known) return known;
    const dynamic: Partial<DynamicModule> = 'module' in resolved ? resolved : {};
    const target = dynamic.module ?? (resolved as Type<unknown>);
    const definition: ModuleDefinition = {
      target,
      isGlobal: dynamic.global ?? Reflect.hasMetadata(GLOBAL, target),
      imports: [],
      exports: [...listed('exports', target), ...(dynamic.exports ?? [])],
    };
    this.#definitions.set(resolved, definition);
    const controllers = [...listed<Provider>('controllers', target), ...(dynamic.controllers ?? [])];
    const providers = [...listed<Provider>('providers', target), ...(dynamic.providers ?? [])];
    for (const provider of [...providers, ...controllers]) this.#note(provider, target);
    const imports = [
      ...listed<ModuleEntry>('imports', target),
      ...((dynamic.imports ?? []) as ModuleEntry[]),
    ];
    for (const imported of imports) {
      if (imported === undefined) throw importsInCircle(target);
      const found = await this.#collect(imported);
      if (found) definition.imports.push(found);
    }
    return definition;
  }

  #note(provider: Provider, holder: Type<unknown>): void {
    const token = typeof provider === 'function' ? provider : provider.provide;
    const holders = this.#holders.get(token);
    if (holders) holders.add(holder);
    else this.#holders.set(token, new Set([holder]));
    if ('useClass' in provider) this.#made.add(provider.useClass);
  }
}

/** What importing it makes available. */
async function addExports(
  { imports, exports }: ModuleDefinition,
  visible: Set<unknown>,
  seen: Set<unknown>,
): Promise<void> {
  for (const entry of exports) {
    const exported = await resolveEntry(entry as ModuleEntry);
    if (isObject(exported) && 'provide' in exported) visible.add(exported.provide);
    const target = isObject(exported) && 'module' in exported ? exported.module : exported;
    visible.add(target);
    for (const imported of imports) {
      if (imported.target !== target || seen.has(imported)) continue;
      seen.add(imported);
      await addExports(imported, visible, seen);
    }
  }
}

function importsInCircle({ name }: Type<unknown>): ExecutorOptionsError {
  return new ExecutorOptionsError(
    `${name}, which a pool's context is or imports, imports 'undefined': its file and that of the module import each other. ` +
      `Let what workers need stand in a module that does not import the application's.`,
  );
}

export async function resolveEntry(entry: ModuleEntry | undefined): Promise<Definition | undefined> {
  const awaited = await entry;
  if (isObject(awaited) && 'forwardRef' in awaited) {
    return resolveEntry((awaited as unknown as ForwardReference<() => ModuleEntry>).forwardRef());
  }
  return awaited as Definition | undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function listed<T>(key: string, target: object): T[] {
  return (Reflect.getMetadata(key, target) as T[] | undefined) ?? [];
}
