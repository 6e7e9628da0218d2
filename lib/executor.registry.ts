import {
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { AsyncMethod, DecoratedMethod } from './decorators/decorated-method.js';
import { ExecutorExplorer } from './executor.explorer.js';
import { PoolExecutor } from './executor.facade.js';
import { MethodTarget } from './executor.targets.js';
import { getExecutorToken } from './executor.tokens.js';
import { InlineHost } from './hosts/inline.host.js';
import { ProcessHost } from './hosts/process.host.js';
import { ThreadHost } from './hosts/thread.host.js';
import type { WorkerHost } from './hosts/worker-host.interface.js';
import type { Executor } from './interfaces/executor.interface.js';
import type { MethodRouter } from './interfaces/method-router.interface.js';
import type { ExecutorSettings } from './options/normalise.js';
import { type PlannedPool, WorkerPlanner } from './planning/worker-planner.js';
import { captureSite } from './pool/call-site.js';
import { Pool } from './pool/pool.js';
import type { PoolSettings } from './pool/pool-settings.js';
import { SharedErrorClasses } from './reference/error-classes.js';
import { Codec } from './wire/codec.js';
import type { WorkerPlan } from './wire/worker-plan.js';
import { currentCall } from './worker/current-call.js';
import { callDirectly } from './worker/direct-executor.js';

/** Asks Nest for what a token was overridden with; `undefined` where it was not. */
export type FindOverride = (token: string) => Executor | undefined;

/**
 * The application's pools by name, and what decorated methods are injected with. Finds out what the
 * workers must hold before the first one is booted: at start-up, or with the first call if that is earlier.
 */
export class ExecutorRegistry
  implements MethodRouter, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #settings: ExecutorSettings;
  readonly #explorer: ExecutorExplorer;
  readonly #findOverride: FindOverride;
  readonly #codec = new Codec(new SharedErrorClasses());
  readonly #logger = new Logger('ExecutorModule');
  readonly #pools = new Map<string, PoolExecutor>();
  readonly #overrides = new Map<string, Executor>();
  readonly #plans = new Map<string, WorkerPlan>();
  readonly #targets = new Map<object, Map<DecoratedMethod['original'], MethodTarget>>();
  #preparing: Promise<void> | undefined;
  #isPrepared = false;

  constructor(settings: ExecutorSettings, explorer: ExecutorExplorer, findOverride: FindOverride) {
    this.#settings = settings;
    this.#explorer = explorer;
    this.#findOverride = findOverride;
    for (const pool of settings.pools.values()) {
      const log = (line: string) => this.#logger.warn(`Pool '${pool.name}': ${line}`);
      const made = new Pool(pool, this.#hostFor(pool), this.#codec, log);
      this.#pools.set(pool.name, new PoolExecutor(made, () => this.#whenPrepared()));
    }
  }

  /** @returns `undefined` if there is no such pool, or no default one; whoever wants it is named at start-up */
  executor(name = this.#settings.defaultPool): Executor | undefined {
    return name === undefined ? undefined : this.#pools.get(name);
  }

  route(
    instance: object,
    method: DecoratedMethod,
    args: readonly unknown[],
    below: AsyncMethod,
  ): Promise<unknown> {
    // Inside an inline pool's call; in workers another router stands here.
    if (currentCall()) return callDirectly(method.original, instance, args);
    const poolName = method.pool ?? this.#settings.defaultPool ?? '';
    const override = this.#overrides.get(poolName);
    if (override)
      return override.run(
        (...passed: never[]) => method.original.apply(instance, passed),
        ...(args as never[]),
      );
    const executor = this.#pools.get(poolName) as PoolExecutor;
    const target = this.#targetOf(instance.constructor, method);
    const { timeout, priority, retries } = method.options;
    const request = {
      timeout,
      priority,
      retries,
      self: instance,
      located: this.#whenPrepared(),
      site: captureSite(below),
    };
    return executor.pool.submit(target, args, request);
  }

  async onModuleInit(): Promise<void> {
    await this.#closeIfFailing(async () => {
      await this.#whenPrepared();
      this.#explorer.checkInstances();
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#closeIfFailing(async () => {
      await Promise.all(Array.from(this.#pools.values(), (executor) => this.#warm(executor)));
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Array.from(this.#pools.values(), (executor) => executor.pool.close()));
  }

  async #warm({ pool }: PoolExecutor): Promise<void> {
    const { name, kind, size, warmup } = pool.settings;
    if (this.#overrides.has(name)) return;
    const startedAt = performance.now();
    if (warmup === 'eager') await pool.warm();
    const workers = size.min === size.max ? `${size.max}` : `${size.min} to ${size.max}`;
    const when =
      warmup === 'lazy' ? 'with the first call' : `in ${Math.round(performance.now() - startedAt)} ms`;
    this.#logger.log(`Pool '${name}' (${kind}, size ${workers}) started ${when}`);
  }

  /** When a start-up fails, Nest calls no shutdown hooks. */
  async #closeIfFailing(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      await this.onApplicationShutdown();
      throw error;
    }
  }

  #whenPrepared(): Promise<void> | undefined {
    return this.#isPrepared ? undefined : (this.#preparing ??= this.#prepare());
  }

  async #prepare(): Promise<void> {
    for (const name of this.#pools.keys()) {
      const override = this.#findOverride(getExecutorToken(name));
      if (override) this.#overrides.set(name, override);
    }
    const classes = this.#explorer.explore();
    const planner = new WorkerPlanner([...this.#pools.keys()]);
    for (const { target, methods } of classes) {
      for (const method of methods) this.#targetOf(target, method);
    }
    for (const settings of this.#settings.pools.values()) {
      if (settings.kind === 'inline' || this.#overrides.has(settings.name)) continue;
      this.#usePlan(settings.name, await planner.plan(settings, classes));
    }
    this.#isPrepared = true;
  }

  #usePlan(pool: string, { plan, references }: PlannedPool): void {
    this.#plans.set(pool, plan);
    for (const [target, reference] of references) {
      for (const method of this.#targets.get(target)?.values() ?? []) method.place(reference);
    }
  }

  #targetOf(target: object, method: DecoratedMethod): MethodTarget {
    let methods = this.#targets.get(target);
    if (!methods) this.#targets.set(target, (methods = new Map()));
    let found = methods.get(method.original);
    if (!found) methods.set(method.original, (found = new MethodTarget(target, method)));
    return found;
  }

  #hostFor(pool: PoolSettings): WorkerHost {
    const plan = () => this.#plans.get(pool.name) as WorkerPlan;
    if (pool.kind === 'inline') return new InlineHost(pool, this.#codec);
    return pool.kind === 'process'
      ? new ProcessHost(pool, plan, this.#codec)
      : new ThreadHost(pool, plan, this.#codec);
  }
}
