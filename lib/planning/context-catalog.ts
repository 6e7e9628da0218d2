import type { DynamicModule, ForwardReference, InjectionToken, Provider, Type } from '@nestjs/common';

type ModuleEntry = Type<unknown> | DynamicModule | Promise<DynamicModule> | ForwardReference;

/** All that a context module provides, itself or by what it imports: none of it is provided a second time. */
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
  for (const imported of imports) await collect(imported, tokens, seen);
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
