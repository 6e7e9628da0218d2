import { setTimeout as delay } from 'node:timers/promises';
import { availableParallelism } from 'node:os';
import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it, vi } from 'vitest';
import {
  type Executor,
  ExecutorModule,
  type ExecutorModuleAsyncOptions,
  type ExecutorModuleOptions,
  ExecutorOptionsError,
  type ExecutorOptionsFactory,
  ExecutorReferenceError,
  ExecutorTimeoutError,
  getExecutorToken,
  InjectExecutor,
} from '../../lib/index.js';
import { normaliseOptions } from '../../lib/options/normalise.js';
import { CatalogService, ParserOptions } from '../fixtures/catalog.service.js';
import { ContextModule, FailingContext, HostContext } from '../fixtures/context.module.js';
import { Greeter, NeedsFactory, NeedsHost, NeedsNestsOwn, Service, WithHooks } from '../fixtures/services.js';
import { Unresolvable } from '../fixtures/unresolvable.module.js';
import { add, echo, spin, spinsAndLooks } from '../fixtures/work.js';
import { ALL_KINDS, startApp, withApp } from '../support/app.js';
import { rejection, until, within } from '../support/deadline.js';
import { Ledger } from '../support/ledger.js';

function hostModule(url: string): DynamicModule {
  return {
    module: class HostModule {},
    providers: [{ provide: 'HOST_VALUE', useValue: { url } }, NeedsHost],
  };
}

/** What an application logs whose modules each have a host of their own, while the pool's context has one. */
async function warningsOf(...urls: string[]): Promise<string[]> {
  const warnings: string[] = [];
  const logger = { log() {}, error() {}, warn: (line: string) => void warnings.push(line) };
  const pools = { pool: { kind: 'thread', size: 1, context: HostContext } } as const;
  const imports = [ExecutorModule.forRoot({ pools }), ...urls.map(hostModule)];
  const module = { module: class AppModule {}, imports };
  const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger });
  await app.close();
  return warnings;
}

const quiet = { abortOnError: false, logger: false } as const;
class Root {}

@Module({})
class EmptyContext {}

async function start(module: ReturnType<typeof ExecutorModule.forRoot>, providers: unknown[] = []) {
  return within(
    NestFactory.createApplicationContext(
      { module: Root, imports: [module], providers: providers as never },
      quiet,
    ),
  );
}

@Injectable()
class Consumer {
  constructor(
    @InjectExecutor() readonly byDefault: Executor,
    @InjectExecutor('cpu') readonly cpu: Executor,
  ) {}
}

@Injectable()
class DefaultConsumer {
  constructor(@InjectExecutor() readonly byDefault: Executor) {}
}

@Injectable()
class OptionsFactory implements ExecutorOptionsFactory {
  createExecutorOptions(): ExecutorModuleOptions {
    return { pools: { cpu: { kind: 'inline' } } };
  }
}

abstract class AbstractFactory implements ExecutorOptionsFactory {
  abstract createExecutorOptions(): ExecutorModuleOptions;
}

@Injectable()
class CallsEarly {
  readonly call: Promise<unknown>;

  constructor(catalog: CatalogService) {
    this.call = catalog.parse('early');
  }
}

const factories = [
  OptionsFactory,
  { provide: AbstractFactory, useExisting: OptionsFactory },
  { provide: 'FACTORY', useExisting: OptionsFactory },
];

@Module({ providers: factories, exports: factories })
class FactoryModule {}

describe('forRoot', () => {
  it('without options has one thread pool, default', async () => {
    const app = await start(ExecutorModule.forRoot());
    const executor = app.get<Executor>(getExecutorToken());
    expect(executor).toMatchObject({ name: 'default', kind: 'thread' });
    expect(await within(executor.run(add, 1, 2))).toBe(3);
    expect(app.get(getExecutorToken('default'))).toBe(executor);
    await within(app.close());
  });

  it('has the defaults that are documented', () => {
    const size = availableParallelism();
    expect(normaliseOptions({})).toEqual({
      defaultPool: 'default',
      pools: new Map([
        [
          'default',
          {
            name: 'default',
            kind: 'thread',
            size: { min: size, max: size },
            concurrency: 1,
            prefetches: true,
            maxQueue: 10_000,
            queueTimeout: 0,
            timeout: 0,
            idleTimeout: 60_000,
            recycle: {},
            context: undefined,
            warmup: 'eager',
            bootTimeout: 30_000,
            shutdownTimeout: 10_000,
            resourceLimits: undefined,
            env: undefined,
            execArgv: undefined,
            retries: 0,
          },
        ],
      ]),
    });
  });

  it('provides each pool, and the default one', async () => {
    const module = ExecutorModule.forRoot({
      pools: { io: { kind: 'inline' }, cpu: { kind: 'inline' } },
      default: 'io',
    });
    const app = await start(module, [Consumer]);
    const consumer = app.get(Consumer);
    expect(consumer.byDefault.name).toBe('io');
    expect(consumer.cpu.name).toBe('cpu');
    await within(app.close());
  });

  it('takes the only pool as default', async () => {
    const app = await start(ExecutorModule.forRoot({ pools: { cpu: { kind: 'inline' } } }), [Consumer]);
    expect(app.get(Consumer).byDefault.name).toBe('cpu');
    await within(app.close());
  });

  it('fails for a bare @InjectExecutor() without a default, and only then', async () => {
    const pools = { a: { kind: 'inline' }, b: { kind: 'inline' } } as const;
    const app = await start(ExecutorModule.forRoot({ pools }));
    await within(app.close());
    const error = await rejection(start(ExecutorModule.forRoot({ pools }), [DefaultConsumer]));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/DefaultConsumer.*'a', 'b'/);
  });

  it('keeps pools apart whose names every object has', async () => {
    const pools = JSON.parse(
      '{"__proto__": {"kind": "inline"}, "constructor": {"kind": "inline"}, "toString": {"kind": "inline"}}',
    ) as object;
    const app = await start(ExecutorModule.forRoot({ pools: pools as never }));
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await within(app.get<Executor>(getExecutorToken(name)).run(echo<string>, name))).toBe(name);
    }
    await within(app.close());
  });

  it.each<[string, unknown, RegExp]>([
    ['unknown option', { pools: { cpu: { sizes: 4 } } }, /Pool 'cpu'.*'sizes'.*4.*Did you mean 'size'\?/],
    ['size 0', { pools: { cpu: { size: 0 } } }, /Pool 'cpu'.*'size'.*1 or more.*0/],
    ["size 'four'", { pools: { cpu: { size: 'four' } } }, /'size'.*'four'/],
    ['size range', { pools: { cpu: { size: { min: 3, max: 2 } } } }, /'size'.*min.*max/],
    [
      'size with a key of no meaning',
      { pools: { cpu: { size: { min: 1, max: 2, step: 3 } } } },
      /'size'.*step: 3/,
    ],
    ['kind', { pools: { cpu: { kind: 'fork' } } }, /'kind'.*'thread', 'process', 'inline'.*'fork'/],
    ['timeout', { pools: { cpu: { timeout: -1 } } }, /'timeout'.*ms.*-1/],
    ['timeout beyond timers', { pools: { cpu: { timeout: 2 ** 31 } } }, /'timeout'/],
    ['NaN', { pools: { cpu: { maxQueue: Number.NaN } } }, /'maxQueue'.*NaN/],
    ['recycle', { pools: { cpu: { recycle: { call: 3 } } } }, /'recycle'.*'call'.*'calls'/],
    [
      'limits',
      { pools: { cpu: { resourceLimits: { maxOldGenerationSizeMb: 0 } } } },
      /maxOldGenerationSizeMb/,
    ],
    [
      'stack',
      { pools: { cpu: { resourceLimits: { stackSizeMb: 0.2 } } } },
      /'stackSizeMb'.*0\.5 or more.*0\.2/,
    ],
    ['env', { pools: { cpu: { env: { A: 1 } } } }, /'env': 'A' must be a string/],
    ['inherited', { pools: { cpu: Object.create({ size: '2' }) } }, /Pool 'cpu': 'size'.*'2'/],
    [
      'inherited by another',
      { pools: { cpu: { recycle: Object.create({ calls: 0 }) } } },
      /'recycle': 'calls'.*0/,
    ],
    ['execArgv', { pools: { cpu: { execArgv: '--flag' } } }, /'execArgv'.*list/],
    ['context', { pools: { cpu: { context: 'AppModule' } } }, /'context'.*class/],
    ['context that is no class', { pools: { cpu: { context: () => Root } } }, /'context'.*class/],
    ['null', null, /ExecutorModule.*null/],
    ['null pool', { pools: { cpu: null } }, /Pool 'cpu'.*null/],
    ['no pool', { pools: {} }, /'pools' is empty/],
    ['pools as a list', { pools: ['cpu'] }, /'pools' must be an object/],
    ['default', { pools: { cpu: {} }, default: 'cpus' }, /'default'.*'cpus'.*Did you mean 'cpu'\?/],
    ['key', { pool: {} }, /'pool'.*Did you mean 'pools'\?/],
  ])('refuses a wrong option: %s', async (_name, options, message) => {
    const error = await rejection(start(ExecutorModule.forRoot(options as ExecutorModuleOptions)));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(message);
  });

  it('shows nothing of what was given beside a wrong option', async () => {
    for (const options of [
      { pools: { cpu: { env: { DB_PASSWORD: 'hunter2', PORT: 3000 } } } },
      { pools: { cpu: { env: ['DB_PASSWORD=hunter2'] } } },
      { database: { password: 'hunter2' } },
    ]) {
      const error = await rejection(start(ExecutorModule.forRoot(options as never)));
      expect(error.message).toMatch(/'PORT' must be a string|'env' must be an object|'database'/);
      expect(error.message).not.toContain('hunter2');
    }
  });

  it('takes what a class of settings has getters for', () => {
    class Settings {
      get kind() {
        return 'inline' as const;
      }
      get size() {
        return { min: 1, max: 3 };
      }
    }
    const { pools } = normaliseOptions({ pools: { cpu: new Settings() } });
    expect(pools.get('cpu')).toMatchObject({ kind: 'inline', size: { min: 1, max: 3 } });
  });

  it('refuses to be registered twice', async () => {
    const second = ExecutorModule.forRoot({ pools: { b: { kind: 'inline' } } });
    const module = {
      module: Root,
      imports: [ExecutorModule.forRoot({ pools: { a: { kind: 'inline' } } }), second],
    };
    const error = await rejection(NestFactory.createApplicationContext(module, quiet));
    expect(error.message).toMatch(/more than once/);
  });

  it('refuses wrong call options', async () => {
    await withApp({ kind: 'inline' }, async ({ executor }) => {
      expect(() => executor.with({ timeout: 0 })).toThrow(ExecutorOptionsError);
      expect(() => executor.with({ retry: 1 } as never)).toThrow(/'retry'.*Did you mean 'retries'\?/);
    });
  });

  it('takes call options that a class has getters for', async () => {
    class Urgent {
      get timeout() {
        return 50;
      }
    }
    await withApp({ kind: 'thread' }, async ({ executor }) => {
      const error = await rejection<ExecutorTimeoutError>(executor.with(new Urgent()).run(spin, 60_000));
      expect(error).toMatchObject({ phase: 'run', timeout: 50 });
    });
  });
});

describe('forRootAsync', () => {
  it.each<[string, ExecutorModuleAsyncOptions]>([
    [
      'useFactory',
      {
        pools: ['cpu'],
        imports: [
          ConfigModule.forRoot({ ignoreEnvFile: true, load: [() => ({ cpu: { kind: 'inline', size: 3 } })] }),
        ],
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({ pools: { cpu: config.getOrThrow('cpu') } }),
      },
    ],
    ['useClass', { pools: ['cpu'], useClass: OptionsFactory }],
    ['useExisting', { pools: ['cpu'], imports: [FactoryModule], useExisting: OptionsFactory }],
    [
      'useExisting of an abstract class',
      { pools: ['cpu'], imports: [FactoryModule], useExisting: AbstractFactory },
    ],
    ['useExisting of a token', { pools: ['cpu'], imports: [FactoryModule], useExisting: 'FACTORY' }],
  ])('takes its options by %s', async (_name, options) => {
    const app = await start(ExecutorModule.forRootAsync(options), [Consumer]);
    expect(app.get(Consumer).cpu).toMatchObject({ name: 'cpu', kind: 'inline' });
    await within(app.close());
  });

  it('refuses pools that were not named, and names that are no pools', async () => {
    const module = ExecutorModule.forRootAsync({
      pools: ['cpu', 'io'],
      useFactory: () => ({ pools: { cpu: {}, net: {} } }),
    });
    const error = await rejection(start(module));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/lack 'io' and have 'net' besides/);
  });
});

describe('forRootAsync, given something else', () => {
  it.each<[string, unknown, RegExp]>([
    [
      'pools as an object',
      { pools: { cpu: {} }, useFactory: () => ({}) },
      /'pools' must be a list of strings/,
    ],
    ['no pools', { pools: [], useFactory: () => ({}) }, /'pools' is empty; leave it out/],
    ['a pool twice', { pools: ['cpu', 'cpu'], useFactory: () => ({}) }, /'cpu' twice/],
    ['an unknown key', { pols: ['cpu'], useFactory: () => ({}) }, /'pols'.*Did you mean 'pools'\?/],
    ['nothing', {}, /needs one of useFactory, useClass and useExisting/],
    ['two sources', { useFactory: () => ({}), useClass: OptionsFactory }, /needs one of/],
    ['null', null, /must be an object, not null/],
    ['null as what exists', { useExisting: null }, /'useExisting' must be the token of a provider/],
  ])('refuses %s', (_what, options, message) => {
    const register = () => ExecutorModule.forRootAsync(options as ExecutorModuleAsyncOptions);
    expect(register).toThrow(ExecutorOptionsError);
    expect(register).toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown key', { pool: {} }, /'pool'.*Did you mean 'pools'\?/],
    ['null', null, /ExecutorModule must be an object, not null/],
    ['a list', [], /must be an object, not \[\]/],
    ['pools as a list', { pools: ['cpu'] }, /'pools' must be an object/],
  ])('refuses a factory that returns %s', async (_what, options, message) => {
    const useFactory = () => options as ExecutorModuleOptions;
    const error = await rejection(start(ExecutorModule.forRootAsync({ pools: ['cpu'], useFactory })));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(message);
  });

  it('refuses a factory that returns nothing', async () => {
    const error = await rejection(
      start(ExecutorModule.forRootAsync({ useFactory: () => undefined as never })),
    );
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/got no options.*'return' missing\?/);
  });

  it('refuses a class that makes no options', async () => {
    const error = await rejection(start(ExecutorModule.forRootAsync({ useClass: Root as never })));
    expect(error.message).toMatch(/Root.*has no method createExecutorOptions\(\)/);
  });
});

describe('the context of a pool', () => {
  const stage = { STAGE: 'tests' };

  it('provides what must be configured, and nothing a second time', async () => {
    const metadata = {
      providers: [NeedsFactory, Service, Greeter, { provide: 'DATABASE', useValue: { name: 'parent' } }],
    };
    await withApp(
      { kind: 'thread', context: ContextModule, env: stage },
      async ({ context }) => {
        expect(await within(context.get(NeedsFactory).databaseName())).toBe('worker database for tests');
        expect(await within(context.get(Service).greet('Ada'))).toContain('worker');
      },
      metadata,
    );
  });

  it('is not asked for what Nest provides in each module', async () => {
    await withApp(
      { kind: 'thread' },
      async ({ context }) => {
        expect(await within(context.get(NeedsNestsOwn).areThere())).toBe(true);
      },
      { providers: [NeedsNestsOwn] },
    );
  });

  it('is asked for by name when a dependency is made by a factory', async () => {
    const providers = [NeedsFactory, { provide: 'DATABASE', useFactory: () => ({ name: 'parent' }) }];
    const error = await rejection(startApp({ kind: 'process' }, { providers }));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/NeedsFactory\.databaseName\(\).*pool 'pool'.*'DATABASE'.*context/s);
  });

  it('is asked for when only one of the modules that provide a class makes a dependency of it by value', async () => {
    @Module({ providers: [Service, Greeter] })
    class PlainModule {}
    @Module({ providers: [Service, { provide: Greeter, useValue: new Greeter() }] })
    class ValueModule {}
    const error = await rejection(startApp({ kind: 'process' }, { imports: [PlainModule, ValueModule] }));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/Service\..*Greeter.*ValueModule makes.*context/s);
  });

  it('is warned of where it has one provider for what stands for several in the application', async () => {
    expect(await warningsOf('http://one', 'http://one')).toEqual([]);
    const [warning, ...others] = await warningsOf('http://one', 'http://two');
    expect(others).toEqual([]);
    expect(warning).toMatch(
      /'pool'.*NeedsHost \(HostModule\).*'HOST_VALUE' of their own.*that of HostContext.*import the modules/,
    );
  });

  it('says of a pool that has yet to start that it has', async () => {
    const lines: string[] = [];
    const logger = { log: (line: string) => void lines.push(line), error() {}, warn() {} };
    const pools = { pool: { size: 2, warmup: 'lazy' } } as const;
    const module = { module: class AppModule {}, imports: [ExecutorModule.forRoot({ pools })] };
    const app = await NestFactory.createApplicationContext(module, { abortOnError: false, logger });
    await app.close();
    expect(lines).toContain("Pool 'pool' (thread, size 2) starts with the first call");
  });

  it('is asked for all that is missing at once, each with its cure', async () => {
    @Module({ providers: [{ provide: 'HOST_VALUE', useFactory: () => 'host' }], exports: ['HOST_VALUE'] })
    class HostModule {}
    @Module({
      imports: [
        HostModule,
        ExecutorModule.forRoot({ pools: { pool: { kind: 'process', size: 1, context: EmptyContext } } }),
      ],
      providers: [NeedsFactory, NeedsHost, { provide: 'DATABASE', useValue: { name: 'parent' } }],
    })
    class AppModule {}
    const error = await rejection(NestFactory.createApplicationContext(AppModule, quiet));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    const [what, ...lines] = error.message.split('\n');
    expect(what).toMatch(/pool 'pool'.*Put it in the pool's context, EmptyContext/);
    expect(lines).toHaveLength(2);
    // The root module imports the context itself.
    expect(lines[0]).toMatch(/databaseName\(\) -> 'DATABASE': .*its provider moves \(AppModule imports/);
    expect(lines[1]).toMatch(/value\(\) -> 'HOST_VALUE': .*\(here HostModule, imported as/);
  });

  it('is refused if its files import each other', async () => {
    @Module({ imports: [undefined as never] })
    class Circular {}
    const error = await rejection(
      startApp({ kind: 'thread', context: Circular }, { providers: [Greeter, Service] }),
    );
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/^Circular, .* imports 'undefined'.*import each other/);
  });

  it.each(['thread', 'process'] as const)(
    "that fails, fails the application's start with its own message (%s)",
    async (kind) => {
      const error = await rejection(startApp({ kind, context: FailingContext }));
      expect(error.message).toContain('no such database');
      expect((error.cause as Error).message).toBe('no such database');
    },
  );

  it("with a graph that cannot be resolved fails the start with Nest's message", async () => {
    const error = await rejection(startApp({ kind: 'thread', context: Unresolvable }));
    expect(error.message).toMatch(/Nest can't resolve dependencies of the Service/);
  });
});

export class OwnError extends Error {
  readonly detail = { a: 1 };
}

export function throwsOwnError(): never {
  throw new OwnError('of this file');
}

describe('in tests of applications', () => {
  it('a pool can be overridden by its token, for decorated methods too', async () => {
    const seen: unknown[] = [];
    const fake = {
      name: 'fake',
      kind: 'inline',
      run: async (fn: (...args: unknown[]) => unknown, ...args: unknown[]) => {
        seen.push([fn.name, ...args]);
        return fn(...args);
      },
    };
    const testing = await Test.createTestingModule({
      imports: [ExecutorModule.forRoot({ pools: { pool: { kind: 'process' } } })],
      providers: [CatalogService, ParserOptions],
    })
      .overrideProvider(getExecutorToken('pool'))
      .useValue(fake)
      .compile();
    const app = testing.createNestApplication({ logger: false });
    await within(app.init());
    expect(await within(app.get(CatalogService).parse('x'))).toBe('parsed:x');
    expect(seen).toEqual([['CatalogService.parse', 'x']]);
    await within(app.close());
  });

  it('a decorated class can be replaced by what has methods of its own', async () => {
    class OtherHooks extends WithHooks {
      override async wasInitialised() {
        return 'faked';
      }
    }
    const stub = Object.assign(Object.create(WithHooks.prototype) as WithHooks, {
      wasInitialised: async () => 'faked',
    });
    for (const fake of [new OtherHooks(), stub]) {
      const testing = await Test.createTestingModule({
        imports: [ExecutorModule.forRoot({ pools: { pool: { kind: 'inline' } } })],
        providers: [WithHooks],
      })
        .overrideProvider(WithHooks)
        .useValue(fake)
        .compile();
      await within(testing.init());
      expect(await within(testing.get(WithHooks).wasInitialised())).toBe('faked');
      await within(testing.close());
    }
  });

  it('a pool is overridden for a method that was called before the start, too', async () => {
    const testing = await Test.createTestingModule({
      imports: [ExecutorModule.forRoot({ pools: { pool: { kind: 'process' } } })],
      providers: [CatalogService, ParserOptions, CallsEarly],
    })
      .overrideProvider(getExecutorToken('pool'))
      .useValue({ run: () => 'overridden' })
      .compile();
    await within(testing.init());
    expect(await within(testing.get(CallsEarly).call)).toBe('overridden');
    expect(await within(testing.get(CatalogService).parse('x'))).toBe('overridden');
    await within(testing.close());
  });

  it('by what is made while methods are called already, too', async () => {
    const early = {
      provide: 'EARLY',
      inject: [CatalogService],
      useFactory: (catalog: CatalogService) => catalog.parse('early').catch(() => {}),
    };
    const testing = await Test.createTestingModule({
      imports: [ExecutorModule.forRoot({ pools: { pool: { kind: 'inline' } } })],
      providers: [CatalogService, ParserOptions, early],
    })
      .overrideProvider(getExecutorToken('pool'))
      .useFactory({
        factory: async () => {
          await delay(20);
          return { run: () => 'overridden' };
        },
      })
      .compile();
    await within(testing.init());
    expect(await within(testing.get(CatalogService).parse('x'))).toBe('overridden');
    await within(testing.close());
  });

  it.each<[string, () => unknown, RegExp | undefined]>([
    ['returns a plain value', () => 'plain', undefined],
    [
      'throws',
      () => {
        throw new Error('of the override');
      },
      /of the override/,
    ],
  ])('what stands in for a pool may be one that %s', async (_what, run, message) => {
    const testing = await Test.createTestingModule({
      imports: [ExecutorModule.forRoot({ pools: { pool: { kind: 'process' } } })],
      providers: [CatalogService, ParserOptions],
    })
      .overrideProvider(getExecutorToken('pool'))
      .useValue({ run })
      .compile();
    await within(testing.init());
    const call = testing.get(CatalogService).parse('x');
    expect(call).toBeInstanceOf(Promise);
    if (message) expect((await rejection(call)).message).toMatch(message);
    else expect(await within(call)).toBe('plain');
    await within(testing.close());
  });

  it.each(ALL_KINDS)('a pool of kind %s works under fake timers, and after them', async (kind) => {
    await withApp({ kind, warmup: 'lazy' }, async ({ executor }) => {
      const toFake = ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] as const;
      vi.useFakeTimers({ toFake: [...toFake, 'queueMicrotask', 'performance'] });
      try {
        for (let times = 0; times < 5; times++) {
          const sums = [1, 2, 3].map((n) => executor.run(add, n, 1));
          expect(await within(Promise.all(sums))).toEqual([2, 3, 4]);
        }
      } finally {
        vi.useRealTimers();
      }
      expect(await within(executor.run(add, 1, 2))).toBe(3);
    });
  });

  it('an inline pool closes under fake timers', async () => {
    await withApp({ kind: 'inline' }, async ({ context, executor }) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'queueMicrotask', 'performance'] });
      try {
        expect(await executor.run(add, 1, 2)).toBe(3);
        await within(context.close());
      } finally {
        vi.useRealTimers();
      }
    });
  });

  it('an inline pool rejects what blocked longer than its timeout, as that could not end it', async () => {
    await withApp({ kind: 'inline', timeout: 20 }, async ({ executor }) => {
      expect(await rejection(executor.run(spin, 50))).toMatchObject({
        name: 'ExecutorTimeoutError',
        pool: 'pool',
        phase: 'run',
        timeout: 20,
        message: "spin() ran longer than its timeout of 20 ms in pool 'pool'.",
      });
      expect(await within(executor.run(add, 1, 2))).toBe(3);
      expect(executor.stats()).toMatchObject({ completed: 1, failed: 1, running: 0 });
    });
  });

  it('an inline pool tells what blocked longer than its timeout, and goes on, of that', async () => {
    const ledger = new Ledger();
    await withApp({ kind: 'inline', timeout: 20 }, async ({ executor }) => {
      const error = await rejection(executor.run(spinsAndLooks, ledger.file, 50));
      expect(error).toBeInstanceOf(ExecutorTimeoutError);
      await until(() => ledger.lines.length > 0, 'its end');
      expect(ledger.lines).toEqual(['aborted: true']);
      expect(await within(executor.run(add, 1, 2))).toBe(3);
    });
  });

  it('an inline pool keeps error classes of files that the test runner evaluated itself', async () => {
    await withApp({ kind: 'inline' }, async ({ executor }) => {
      for (let times = 0; times < 2; times++) {
        const error = await rejection<OwnError>(executor.run(throwsOwnError));
        expect(error).toBeInstanceOf(OwnError);
        expect(error.detail).toEqual({ a: 1 });
      }
    });
  });

  it.each([
    ['an object', () => ({})],
    [
      'one that has any method',
      () => new Proxy({}, { get: (_, key) => (key === 'then' ? undefined : () => undefined) }),
    ],
  ])('a class whose router was mocked by %s runs its methods inline', async (_what, mock) => {
    const testing = await Test.createTestingModule({ providers: [CatalogService, ParserOptions] })
      .useMocker(mock)
      .compile();
    expect(await within(testing.get(CatalogService).parse('x'))).toBe('parsed:x');
    await within(testing.close());
  });

  it.each(['a closure', 'a bound function', 'a native function'])(
    '%s is refused with the cure',
    async (what) => {
      const functions: Record<string, () => unknown> = {
        'a closure': () => what,
        'a bound function': add.bind(null, 1, 2) as () => number,
        'a native function': Math.random,
      };
      await withApp({ kind: 'thread' }, async ({ executor }) => {
        const error = await rejection(executor.run(functions[what] as () => unknown));
        expect(error).toBeInstanceOf(ExecutorReferenceError);
        expect(error.message).toMatch(/export/i);
      });
    },
  );

  it.each([undefined, 42, 'add', {}])('run(%j) is a rejection, not a throw', async (fn) => {
    await withApp({ kind: 'inline' }, async ({ executor }) => {
      const error = await rejection(executor.run(fn as never));
      expect(error).toBeInstanceOf(ExecutorReferenceError);
    });
  });
});
