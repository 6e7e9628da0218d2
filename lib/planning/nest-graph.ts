import type { InjectionToken, Type } from '@nestjs/common';
import { ApplicationConfig, type DiscoveryService, ModuleRef, type ModulesContainer } from '@nestjs/core';

/** Nest's record of a provider and of a module, by the types that both supported majors share. */
export type ProviderRecord = ReturnType<DiscoveryService['getProviders']>[number];
export type ModuleRecord = ModulesContainer extends Map<string, infer M> ? M : never;

/** What a class is injected with. */
export interface Dependency {
  readonly token: InjectionToken;
  readonly isOptional: boolean;
}

/** Nest's metadata keys (`@nestjs/common`, constants). */
const PARAMETER_TYPES = 'design:paramtypes';
const DECLARED_PARAMETERS = 'self:paramtypes';
const OPTIONAL_PARAMETERS = 'optional:paramtypes';
const IMPORTS = 'imports';
const PROPERTIES = 'self:properties_metadata';
const OPTIONAL_PROPERTIES = 'optional:properties_metadata';

/** The module that provides it. */
export function moduleOf(record: ProviderRecord): ModuleRecord | undefined {
  return record.host as ModuleRecord | undefined;
}

/** Whether the application makes it by calling its class, and knows it by that very class. */
export function isPlainClass(record: ProviderRecord): boolean {
  return isConstructed(record) && record.metatype === record.token;
}

/** Whether Nest constructs it, so that its properties are injected. */
export function isConstructed(record: ProviderRecord): boolean {
  return typeof record.metatype === 'function' && !record.inject;
}

/** Constructor and property dependencies, by their tokens. */
export function dependenciesOf(target: Type<unknown>): Dependency[] {
  const types = metadata<unknown[]>(PARAMETER_TYPES, target) ?? [];
  const tokens: unknown[] = [...types];
  for (const { index, param } of metadata<{ index: number; param: unknown }[]>(DECLARED_PARAMETERS, target) ??
    []) {
    tokens[index] = param;
  }
  const optional = metadata<number[]>(OPTIONAL_PARAMETERS, target) ?? [];
  const parameters = tokens.map((token, index) => ({ token, isOptional: optional.includes(index) }));
  const optionalKeys = metadata<unknown[]>(OPTIONAL_PROPERTIES, target) ?? [];
  const properties = (metadata<{ key: unknown; type: unknown }[]>(PROPERTIES, target) ?? []).map(
    ({ key, type }) => ({
      token: type,
      isOptional: optionalKeys.includes(key),
    }),
  );
  return [...parameters, ...properties]
    .map(({ token, isOptional }) => ({ token: unwrap(token), isOptional }))
    .filter((dependency): dependency is Dependency => dependency.token !== undefined);
}

/** What a module would inject for a token: its own provider, or an exported one of what it imports. */
export function lookUp(module: ModuleRecord, token: InjectionToken): ProviderRecord | undefined {
  const own = module.providers.get(token) ?? module.controllers.get(token) ?? module.injectables.get(token);
  return own ?? lookUpImports(module, token, new Set([module]));
}

function lookUpImports(
  module: ModuleRecord,
  token: InjectionToken,
  seen: Set<ModuleRecord>,
): ProviderRecord | undefined {
  for (const imported of module.imports) {
    if (seen.has(imported)) continue;
    seen.add(imported);
    const isExported = imported.exports.has(token);
    const own = isExported ? imported.providers.get(token) : undefined;
    const found = own ?? lookUpImports(imported, token, seen);
    if (found) return found;
  }
  return undefined;
}

/** Whether it is a class that imports ExecutorModule: the root module, most often, which a worker must not import. */
export function registersPools({ metatype }: ModuleRecord): boolean {
  const imports = metadata<({ module?: { name: string } } | undefined)[]>(IMPORTS, metatype) ?? [];
  return imports.some((imported) => imported?.module?.name === 'ExecutorModule');
}

/** What Nest provides in each module. */
const IN_EACH_MODULE: ReadonlySet<unknown> = new Set([ApplicationConfig, ModuleRef]);

/** Whether Nest itself provides it, in a worker as anywhere. */
export function isNestsOwn(record: ProviderRecord): boolean {
  return record.host?.metatype?.name === 'InternalCoreModule' || IN_EACH_MODULE.has(record.token);
}

function unwrap(token: unknown): InjectionToken | undefined {
  const reference = token as { forwardRef?: () => InjectionToken } | undefined;
  return reference && typeof reference.forwardRef === 'function'
    ? reference.forwardRef()
    : (token as InjectionToken | undefined);
}

function metadata<T>(key: string, target: object): T | undefined {
  return Reflect.getMetadata(key, target) as T | undefined;
}

export function describeToken(token: InjectionToken): string {
  if (typeof token === 'function') return token.name;
  return typeof token === 'symbol' ? token.toString() : `'${String(token)}'`;
}
