import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import type { DecoratedMethod } from './decorators/decorated-method.js';
import { addRouter } from './decorators/routers.js';
import { ExecutorReferenceError } from './errors/executor.errors.js';
import { ExecutorExplorer } from './executor.explorer.js';
import { PoolExecutor } from './pool-executor.js';
import { MethodTarget } from './executor.targets.js';
import { getExecutorToken } from './executor.tokens.js';
import { hostMakers } from './hosts/host-makers.js';
import type { Executor } from './interfaces/executor.interface.js';
import type { PoolKind } from './interfaces/pool-options.interface.js';
import type { MethodRouter } from './decorators/method-router.js';
import { choosePool, type ExecutorSettings } from './options/normalise.js';
import { type PlannedPool, WorkerPlanner } from './planning/worker-planner.js';
import { Pool } from './pool/pool.js';
import type { WorkerPlan } from './wire/worker-plan.js';
import { currentCall } from './worker/current-call.js';
import { callDirectly } from './worker/direct-executor.js';
import { eventLoopTurn } from './node-timers.js';

/** In so many turns of the event loop a reply is written once its call has settled, pipes and interceptors included. */
const TURNS_TO_REPLY = 10;

/** Asks Nest for what a token was overridden with; `undefined` where it was not. */
type FindOverride = (token: string) => Executor | undefined;

/**
 * The application's pools by name, and what decorated methods are injected with. Finds out what the
 * workers must hold before the first one is booted: at start-up, or with the first call if that is earlier.
 */
export class ExecutorRegistry
  implements
    MethodRouter,
    OnModuleInit,
    OnApplicationBootstrap,
    BeforeApplicationShutdown,
    OnApplicationShutdown
{
  readonly #settings: ExecutorSettings;
  readonly #explorer: ExecutorExplorer;
  readonly #findOverride: FindOverride;
  readonly #answersMessages: () => boolean;
  readonly #logger = new Logger('ExecutorModule');
  readonly #pools = new Map<string, PoolExecutor>();
  readonly #overrides = new Map<string, Executor>();
  readonly #plans = new Map<string, PlannedPool>();
  readonly #targets = new Map<object, Map<DecoratedMethod['original'], MethodTarget>>();
  readonly #routes = new Map<MethodTarget, Executor>();
  #preparing: Promise<void> | undefined;
  #closing: Promise<unknown> | undefined;
  #isPrepared = false;
  /** Before the first start-up hooks, one may still be made by an asynchronous factory. */
  #areOverridesKnown = false;

  /** @param answersMessages whether the application is a microservice, without an HTTP server */
  constructor(
    settings: ExecutorSettings,
    explorer: ExecutorExplorer,
    findOverride: FindOverride,
    answersMessages: () => boolean,
  ) {
    addRouter(this);
    this.#settings = settings;
    this.#explorer = explorer;
    this.#findOverride = findOverride;
    this.#answersMessages = answersMessages;
    const makeHost = hostMakers();
    for (const pool of settings.pools.values()) {
      const log = (line: string) => this.#warn(`Pool '${pool.name}': ${line}`);
      const host = makeHost[pool.kind](pool, () => this.#planOf(pool.name));
      const made = new Pool(pool, host, log);
      this.#pools.set(pool.name, new PoolExecutor(made, () => this.#whenPrepared()));
    }
  }

  /** A pool says what it does while it does it: a logger that throws must not keep it from that. */
  #warn(line: string): void {
    try {
      this.#logger.warn(line);
    } catch {
      // There is nobody else to tell.
    }
  }

  /** @returns `undefined` if there is no such pool, or no default one; whoever wants it is named at start-up */
  executor(name = this.#settings.defaultPool): Executor | undefined {
    return name === undefined ? undefined : (this.#overrideOf(name) ?? this.#pools.get(name));
  }

  route(instance: object, method: DecoratedMethod, args: readonly unknown[]): Promise<unknown> {
    // Inside an inline pool's call; in workers another router stands here.
    if (currentCall()) return callDirectly(method.original, instance, args);
    const target = this.#targetOf(instance.constructor, method);
    const executor = this.#executorFor(target);
    if (executor instanceof Error) return Promise.reject(executor);
    if (!(executor instanceof PoolExecutor)) {
      // Whatever a test put in its place: a decorated method returns a promise.
      const run = (...passed: never[]) => method.original.apply(instance, passed);
      Object.defineProperty(run, 'name', { value: target.label.replace('()', '') });
      return new Promise((resolve) => resolve(executor.run(run, ...(args as never[]))));
    }
    const { timeout, priority, retries } = method.options;
    const located = this.#whenPlaced(target, executor);
    const request = { timeout, priority, retries, self: instance, located };
    return executor.pool.submit(target, args, request);
  }

  async onModuleInit(): Promise<void> {
    this.#noteOverrides();
    this.#areOverridesKnown = true;
    await this.#closeIfFailing(async () => {
      for (const { pool } of this.#pools.values()) {
        const { name, warmup } = pool.settings;
        if (warmup === 'eager' && !this.#overrides.has(name)) pool.beginToWarm();
      }
      await this.#whenPrepared();
      this.#explorer.checkInstances();
      this.#warnOfConflicts();
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#closeIfFailing(async () => {
      await Promise.all(Array.from(this.#pools.values(), (executor) => this.#warm(executor)));
    });
  }

  /** Nest waits for open connections next, and those may wait for calls. */
  async beforeApplicationShutdown(): Promise<void> {
    const pools = Array.from(this.#pools.values(), ({ pool }) => pool);
    for (const pool of pools) pool.announceClose();
    // A microservice, though, does not wait for what its handlers do now: their replies would be lost.
    if (!this.#answersMessages() || pools.every(({ isIdle }) => isIdle)) return;
    await Promise.all(pools.map((pool) => pool.whenSettled()));
    await passTurns(TURNS_TO_REPLY);
  }

  onApplicationShutdown(): Promise<unknown> {
    return (this.#closing ??= Promise.all(Array.from(this.#pools.values(), ({ pool }) => pool.close())));
  }

  async #warm({ pool }: PoolExecutor): Promise<void> {
    const { name, kind, size, warmup } = pool.settings;
    if (this.#overrides.has(name)) return;
    const startedAt = performance.now();
    if (warmup === 'eager') await this.#whenWarm(pool);
    const workers = size.min === size.max ? `${size.max}` : `${size.min} to ${size.max}`;
    const ms = Math.round(performance.now() - startedAt);
    const how = warmup === 'lazy' ? 'starts with the first call' : `started in ${ms} ms`;
    this.#logger.log(`Pool '${name}' (${kind}, size ${workers}) ${how}`);
  }

  /** A start that is closed fails only when Nest is done with that, as an error would end the process before. */
  async #whenWarm(pool: Pool): Promise<void> {
    try {
      await pool.warm();
    } catch (error) {
      if (this.#closing) {
        await this.#closing;
        await passTurns(TURNS_TO_REPLY);
      }
      throw error;
    }
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

  #executorFor(target: MethodTarget): Executor | Error {
    const known = this.#routes.get(target);
    if (known) return known;
    try {
      const name = choosePool(target.label, target.method.pool, this.#settings);
      const override = this.#areOverridesKnown ? this.#overrides.get(name) : this.#overrideOf(name);
      const executor = override ?? (this.#pools.get(name) as Executor);
      if (this.#areOverridesKnown) this.#routes.set(target, executor);
      return executor;
    } catch (error) {
      return error as Error;
    }
  }

  /** Workers can run only what they were planned to hold: `undefined` if that is so already. */
  #whenPlaced(target: MethodTarget, { kind }: PoolExecutor): Promise<void> | undefined {
    if (this.#isPrepared && (kind === 'inline' || target.definition)) return undefined;
    return this.#checkPlaced(target, kind);
  }

  async #checkPlaced(target: MethodTarget, kind: PoolKind): Promise<void> {
    await this.#whenPrepared();
    if (kind === 'inline' || target.definition) return;
    throw new ExecutorReferenceError(
      `${target.label}: its class was not among the application's providers when it started (was it made by ` +
        `ModuleRef.create(), loaded lazily, or is it a middleware?), so that the workers do not hold it. Provide it in a module ` +
        `that the root module imports.`,
    );
  }

  #whenPrepared(): Promise<void> | undefined {
    return this.#isPrepared ? undefined : (this.#preparing ??= this.#prepare());
  }

  async #planOf(pool: string): Promise<WorkerPlan> {
    await this.#whenPrepared();
    return (this.#plans.get(pool) as PlannedPool).plan;
  }

  /** What a test put in the place of a pool, under its own token or as the default one. */
  #overrideOf(name: string): Executor | undefined {
    const named = this.#findOverride(getExecutorToken(name));
    return (
      named ?? (name === this.#settings.defaultPool ? this.#findOverride(getExecutorToken()) : undefined)
    );
  }

  #noteOverrides(): void {
    for (const name of this.#pools.keys()) {
      const override = this.#overrideOf(name);
      if (override) this.#overrides.set(name, override);
    }
  }

  async #prepare(): Promise<void> {
    this.#noteOverrides();
    const classes = this.#explorer.explore();
    const planner = new WorkerPlanner([...this.#pools.keys()], this.#settings.defaultPool, [
      ...this.#explorer.modules.values(),
    ]);
    for (const { target, methods } of classes) {
      for (const method of methods) this.#targetOf(target, method);
    }
    for (const settings of this.#settings.pools.values()) {
      if (this.#overrides.has(settings.name)) continue;
      planner.checkContext(settings, classes);
      if (settings.kind === 'inline') continue;
      this.#usePlan(settings.name, await planner.plan(settings, classes));
    }
    this.#isPrepared = true;
  }

  #warnOfConflicts(): void {
    for (const [pool, { uses }] of this.#plans) {
      for (const line of uses.describeConflicts()) this.#logger.warn(`Pool '${pool}': ${line}`);
    }
  }

  #usePlan(pool: string, planned: PlannedPool): void {
    this.#plans.set(pool, planned);
    for (const [target, reference] of planned.references) {
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
}

async function passTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await eventLoopTurn();
}
