import type { Type } from '@nestjs/common';
import { scriptMap } from '../reference/script-map.js';
import { type ModuleEntry, resolveEntry } from './context-catalog.js';
import { importsOf, type ModuleRecord } from './nest-graph.js';

/**
 * The module by which the application has what that one provides: libraries keep providers in modules of their own, which only their
 * public module imports, and which cannot be imported from them.
 */
export async function publicModuleOf(inner: ModuleRecord, modules: readonly ModuleRecord[]): Promise<string> {
  const { metatype, name } = inner;
  const library = packageOf(metatype);
  if (library === undefined) return name;
  const imported = new Set<Type<unknown>>();
  for (const module of modules) {
    if (packageOf(module.metatype) === library) continue;
    for (const entry of importsOf(module.metatype)) {
      const target = await classOf(entry as ModuleEntry | undefined);
      if (target && packageOf(target) === library) imported.add(target);
    }
  }
  if (imported.has(metatype)) return name;
  // What imports it may be a dynamic module, of which the decorators say nothing.
  if (imported.size === 0) {
    for (const { metatype: other, imports } of modules) {
      if (imports.has(inner) && packageOf(other) === library) imported.add(other);
    }
  }
  return Array.from(imported, (target) => target.name).join(' or ') || name;
}

/** The folder of the package that a class is of; `undefined` if it is the application's own, or cannot be told. */
function packageOf(target: object): string | undefined {
  try {
    return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(scriptMap.scriptOf(target)?.url ?? '')?.[0];
  } catch {
    // The permission model forbids to ask.
    return undefined;
  }
}

async function classOf(entry: ModuleEntry | undefined): Promise<Type<unknown> | undefined> {
  const definition = await resolveEntry(entry);
  return typeof definition === 'object' ? definition.module : definition;
}
