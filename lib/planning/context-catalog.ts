import type { DynamicModule, ForwardReference, InjectionToken, Provider, Type } from '@nestjs/common';
import { ExecutorOptionsError } from '../errors/executor.errors.js';

type ModuleEntry = Type<unknown> | DynamicModule | Promise<DynamicModule> | ForwardReference;

/**
 * All that a context module provides, itself or by what it imports: none of it is provided a second time.
 * @returns rejects with ExecutorOptionsError where a file of it is imported in a circle
 */
export async function tokensProvidedBy(
  context: Type<unknown> | undefined,
): Promise<ReadonlySet<InjectionToken>> {
  const tokens = new Set<InjectionToken>();
  if (context) await collect(context, tokens, new Set());
  return tokens;
}

async function collect(entry: ModuleEntry, tokens: Set<InjectionToken>, seen: Set<unknown>): Promise<void> {
  const resolved = await resolveEntry(entry);
  if (resolved === undefined || seen.has(resolved)) return;
  seen.add(resolved);
  const isDynamic = 'module' in resolved;
  const target = isDynamic ? resolved.module : resolved;
  const providers = [
    ...listed<Provider>('providers', target),
    ...listed<Provider>('controllers', target),
    ...((isDynamic && resolved.providers) || []),
  ];
  for (const provider of providers) tokens.add(typeof provider === 'function' ? provider : provider.provide);
  const imports = [
    ...listed<ModuleEntry>('imports', target),
    ...(((isDynamic && resolved.imports) || []) as ModuleEntry[]),
  ];
  for (const imported of imports) {
    if (imported === undefined) throw importsInCircle(target);
    await collect(imported, tokens, seen);
  }
}

function importsInCircle({ name }: Type<unknown>): ExecutorOptionsError {
  return new ExecutorOptionsError(
    `${name}, which a pool's context is or imports, imports 'undefined': its file and that of the module import each other. ` +
      `Let what workers need stand in a module that does not import the application's.`,
  );
}

async function resolveEntry(
  entry: ModuleEntry | undefined,
): Promise<Type<unknown> | DynamicModule | undefined> {
  const awaited = await entry;
  if (awaited && 'forwardRef' in awaited) {
    return (awaited as ForwardReference<() => Type<unknown>>).forwardRef();
  }
  return awaited as Type<unknown> | DynamicModule | undefined;
}

function listed<T>(key: string, target: object): T[] {
  return (Reflect.getMetadata(key, target) as T[] | undefined) ?? [];
}
