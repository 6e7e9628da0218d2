import type { InjectionToken, Type } from '@nestjs/common';
import { ApplicationConfig, type DiscoveryService, ModuleRef, type ModulesContainer } from '@nestjs/core';

/** Nest's record of a provider and of a module, by the types that both supported majors share. */
export type ProviderRecord = ReturnType<DiscoveryService['getProviders']>[number];
export type ModuleRecord = ModulesContainer extends Map<string, infer M> ? M : never;

/** Nest's metadata keys (`@nestjs/common`, constants). */
const PARAMETER_TYPES = 'design:paramtypes';
const DECLARED_PARAMETERS = 'self:paramtypes';
const IMPORTS = 'imports';
const PROPERTIES = 'self:properties_metadata';

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

/** The tokens of what a class is injected with, by its constructor and in properties. */
export function dependenciesOf(target: Type<unknown>): InjectionToken[] {
  const tokens: unknown[] = [...(metadata<unknown[]>(PARAMETER_TYPES, target) ?? [])];
  const declared = metadata<{ index: number; param: unknown }[]>(DECLARED_PARAMETERS, target) ?? [];
  for (const { index, param } of declared) tokens[index] = param;
  for (const { type } of metadata<{ type: unknown }[]>(PROPERTIES, target) ?? []) tokens.push(type);
  return tokens.map(unwrap).filter((token) => token !== undefined);
}

/** What a module would inject for a token: its own provider, or an exported one of what it imports. */
export function lookUp(module: ModuleRecord, token: InjectionToken): ProviderRecord | undefined {
  const own = module.providers.get(token) ?? module.controllers.get(token) ?? module.injectables.get(token);
  return own ?? lookUpImports(module, token, new Set());
}

/**
 * As Nest's injector does it.
 * @param isImported whether it is asked what the module exports: of what it imports, only what it exports again
 */
function lookUpImports(
  module: ModuleRecord,
  token: InjectionToken,
  seen: Set<ModuleRecord>,
  isImported = false,
): ProviderRecord | undefined {
  for (const imported of module.imports) {
    if (seen.has(imported) || (isImported && !module.exports.has(imported.metatype))) continue;
    seen.add(imported);
    const isExported = imported.exports.has(token);
    const own = isExported ? imported.providers.get(token) : undefined;
    const found = own ?? lookUpImports(imported, token, seen, true);
    if (found) return found;
  }
  return undefined;
}

/** Whether it is a class that imports ExecutorModule: the root module, most often, which a worker must not import. */
export function registersPools({ metatype }: ModuleRecord): boolean {
  return importsOf(metatype).some((imported) => imported?.module?.name === 'ExecutorModule');
}

/** What a module's decorator says that it imports: classes, dynamic modules, and promises of these. */
export function importsOf(module: object): ({ module?: { name: string } } | undefined)[] {
  return metadata(IMPORTS, module) ?? [];
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
