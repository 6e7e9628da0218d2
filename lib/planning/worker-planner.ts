import type { InjectionToken, Type } from '@nestjs/common';
import { ExecutorOptionsError } from '../errors/executor.errors.js';
import { EXECUTOR_REGISTRY } from '../executor.constants.js';
import type { DecoratedClass } from '../executor.explorer.js';
import { getExecutorToken } from '../executor.tokens.js';
import type { PoolSettings } from '../options/pool-settings.js';
import { locate } from '../reference/locate.js';
import type { Reference } from '../reference/reference.js';
import type { WorkerPlan } from '../wire/worker-plan.js';
import { ContextCatalog } from './context-catalog.js';
import { ContextUses } from './context-uses.js';
import { publicModuleOf } from './library-module.js';
import {
  dependenciesOf,
  describeToken,
  isNestsOwn,
  isPlainClass,
  lookUp,
  moduleOf,
  type ModuleRecord,
  type ProviderRecord,
  registersPools,
} from './nest-graph.js';

/** What a worker cannot make. */
interface Missing {
  /** From the decorated method to it. */
  readonly path: readonly string[];
  readonly module: ModuleRecord | undefined;
}

/** What the decorated classes of a pool need. */
interface Needs {
  readonly inContext: ContextCatalog;
  /** What workers provide, each class once, and in which modules the application does. */
  readonly provided: Map<Type<unknown>, Set<ModuleRecord>>;
  readonly missing: Map<InjectionToken, Missing>;
  readonly uses: ContextUses;
}

/** What a pool's workers are booted with, and where its decorated classes are. */
export interface PlannedPool {
  readonly plan: WorkerPlan;
  readonly references: ReadonlyMap<object, Reference>;
  readonly uses: ContextUses;
}

/** Works out what a pool's workers must provide, from what the application provides. */
export class WorkerPlanner {
  readonly #executorTokens: ReadonlySet<InjectionToken>;
  /** Of the application. */
  readonly #moduleClasses: ReadonlySet<unknown>;

  constructor(
    private readonly pools: readonly string[],
    private readonly defaultPool: string | undefined,
    private readonly modules: readonly ModuleRecord[],
  ) {
    this.#moduleClasses = new Set(modules.map(({ metatype }) => metatype));
    this.#executorTokens = new Set([
      EXECUTOR_REGISTRY,
      getExecutorToken(),
      ...pools.map((name) => getExecutorToken(name)),
    ]);
  }

  /** @throws ExecutorOptionsError where a decorated method is routed to a pool whose workers boot no Nest application */
  checkContext({ name, context }: PoolSettings, classes: readonly DecoratedClass[]): void {
    if (context !== false) return;
    for (const { target, methods } of classes) {
      const misplaced = methods.find((method) => method.poolName === name);
      if (!misplaced) continue;
      throw new ExecutorOptionsError(
        `${target.name}.${String(misplaced.name)}() is decorated to run in pool '${name}', whose workers boot no Nest ` +
          `application, as its 'context' is false: leave that out, or route the method into another pool.`,
      );
    }
  }

  /** Rejects with ExecutorOptionsError for what belongs in `context`, ExecutorReferenceError for what is not exported. */
  async plan(settings: PoolSettings, classes: readonly DecoratedClass[]): Promise<PlannedPool> {
    const { name, concurrency, bootTimeout, recycle } = settings;
    const context = settings.context || undefined;
    const inContext = await ContextCatalog.of(context);
    const needs: Needs = {
      inContext,
      provided: new Map(),
      missing: new Map(),
      uses: new ContextUses(context),
    };
    const { provided, missing, uses } = needs;
    const references = new Map<object, Reference>();
    const files = new Set<string>();
    for (const { target, modules, methods } of classes) {
      const own = methods.filter((method) => method.poolName === name);
      const [first] = own;
      if (!first) continue;
      const path = [`${target.name}.${String(first.name)}()`];
      const file = fileOf(own);
      if (file !== undefined) files.add(file);
      references.set(target, await locate(target, file));
      for (const module of modules) {
        const record = lookUp(module, target);
        if (inContext.has(target)) {
          if (record) uses.note(target, { target, module, record });
        } else if (record || !inContext.makes(target)) {
          this.#collect(target, module, path, needs);
        }
      }
    }
    if (missing.size > 0) throw await this.#belongsInContext([...missing.values()], settings);
    const plan: WorkerPlan = {
      pool: name,
      pools: this.pools,
      defaultPool: this.defaultPool,
      concurrency,
      bootTimeout,
      memoryMb: recycle.memoryMb,
      hasNest: settings.context !== false,
      context: context && (await locateIn(context, files)),
      providers: await Promise.all(
        Array.from(provided.keys(), (target) => references.get(target) ?? locateIn(target, files)),
      ),
      inContext: await locateThese(
        classes.filter(({ target }) => inContext.has(target) || inContext.makes(target)),
        references,
      ),
    };
    return { plan, references, uses };
  }

  #collect(target: Type<unknown>, module: ModuleRecord, path: readonly string[], needs: Needs): void {
    const { inContext, provided, missing, uses } = needs;
    const modules = provided.get(target) ?? new Set();
    if (modules.has(module)) return;
    provided.set(target, modules.add(module));
    for (const token of dependenciesOf(target)) {
      if (this.#executorTokens.has(token)) continue;
      const record = lookUp(module, token);
      // Optional, or the application itself could not have started.
      if (!record || isNestsOwn(record)) continue;
      const host = moduleOf(record);
      if (inContext.has(token) && !this.#isAnother(record, inContext)) {
        uses.note(token, { target, module, record });
        continue;
      }
      const onward = [...path, describeToken(token)];
      if (!isPlainClass(record)) missing.set(token, missing.get(token) ?? { path: onward, module: host });
      else this.#collect(token as Type<unknown>, host ?? module, onward, needs);
    }
  }

  async #belongsInContext(missing: readonly Missing[], { name, context }: PoolSettings): Promise<Error> {
    const place = context
      ? `the pool's context, ${context.name}`
      : `a module of its own, and name that as the pool's 'context'`;
    const [one, ...others] = await Promise.all(missing.map((each) => this.#cureFor(each)));
    const how = 'by a factory, by value, or by another class or token: a worker cannot know how.';
    const [first] = missing as [Missing, ...Missing[]];
    if (one !== undefined && others.length === 0) {
      const token = first.path.at(-1) as string;
      const module = first.module?.name ?? 'the application';
      return new ExecutorOptionsError(
        `${first.path[0]} runs in pool '${name}' and needs ${token} (${first.path.join(' -> ')}), which ${module} makes ${how} ` +
          `Put it in ${place}: ${one}.`,
      );
    }
    const list = [one, ...others].map((cure, index) => `\n- ${missing[index]?.path.join(' -> ')}: ${cure}.`);
    return new ExecutorOptionsError(
      `What runs in pool '${name}' needs what the application makes ${how} Put it in ${place}:${list.join('')}`,
    );
  }

  /** What a library makes is had by importing its module; what the root module makes must leave it first. */
  async #cureFor({ path, module }: Missing): Promise<string> {
    const token = path.at(-1) as string;
    if (!module) return `provide and export ${token} there`;
    if (registersPools(module))
      return (
        `import and export a module there to which its provider moves (${module.name} imports that as well), or provide and ` +
        `export ${token} itself`
      );
    return (
      `import and export there what provides it (here ${await publicModuleOf(module, this.modules)}, imported as the ` +
      `application does: with its forRoot(), if it has one), or provide and export ${token} itself`
    );
  }

  /**
   * Whether the application has it apart from what the context provides by that class: two of its modules list the same class, and the
   * context imports the other one, which keeps its own for itself.
   */
  #isAnother(record: ProviderRecord, inContext: ContextCatalog): boolean {
    const { token } = record;
    if (!isPlainClass(record) || inContext.exports(token)) return false;
    const own = moduleOf(record)?.metatype;
    return [...inContext.modulesWith(token)].every((held) => held !== own && this.#moduleClasses.has(held));
  }
}

/** The file that exports the class of these methods, if one of them names it. */
function fileOf(methods: DecoratedClass['methods']): string | undefined {
  return methods.find(({ options }) => options.file !== undefined)?.options.file;
}

/** Those of them that can be: what another pool runs need not be exported. */
async function locateThese(
  classes: readonly DecoratedClass[],
  known: ReadonlyMap<object, Reference>,
): Promise<Reference[]> {
  const found = await Promise.all(
    classes.map(
      ({ target, methods }) => known.get(target) ?? locate(target, fileOf(methods)).catch(() => undefined),
    ),
  );
  return found.filter((reference) => reference !== undefined);
}

/** Where it cannot be found out where a class is, one of the files that were named may export it. */
async function locateIn(target: Type<unknown>, files: Iterable<string>): Promise<Reference> {
  try {
    return await locate(target);
  } catch (error) {
    for (const file of files) {
      const found = await locate(target, file).catch(() => undefined);
      if (found) return found;
    }
    throw error;
  }
}
