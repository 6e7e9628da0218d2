import 'reflect-metadata';
import { Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ExecutorModule,
  ExecutorOptionsError,
  ExecutorReferenceError,
  type ExecutorTimeoutError,
  RunInExecutor,
} from '../../lib/index.js';
import {
  BadPool,
  BitingNames,
  GreetingController,
  Greeter,
  GuardNeedingMuch,
  hidden,
  MixedService,
  NeedsForwardReference,
  NeedsUnexported,
  RequestService,
  RunsByItself,
  Service,
  SubService,
  TransientService,
  UsesExecutor,
  WithHooks,
  WithOptions,
} from '../fixtures/services.js';
import { RunsByItselfContext } from '../fixtures/context.module.js';
import { ALL_KINDS, startApp, type TestApp, withApp } from '../support/app.js';
import { rejection, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';

function Trace(_owner: object, _name: string, descriptor: PropertyDescriptor): void {
  const traced = descriptor.value as (...args: unknown[]) => unknown;
  descriptor.value = function (this: unknown, ...args: unknown[]) {
    return traced.apply(this, args);
  };
}

class Traced {
  @Trace
  @RunInExecutor('pool')
  async work(): Promise<void> {}
}

/** As what traces each method does. */
const binding: ProxyHandler<object> = {
  get(target, key) {
    const value: unknown = Reflect.get(target, key);
    return typeof value === 'function' && key !== 'constructor' ? value.bind(target) : value;
  },
};

function instanceDecorator(instance: unknown): unknown {
  return typeof instance === 'object' && instance !== null ? new Proxy(instance, binding) : instance;
}

describe.each(ALL_KINDS)('@RunInExecutor in a pool of kind %s', (kind) => {
  const there = kind === 'inline' ? 'parent' : 'worker';
  const providers = [
    Greeter,
    Service,
    SubService,
    TransientService,
    RequestService,
    MixedService,
    UsesExecutor,
    BitingNames,
    WithOptions,
    RunsByItself,
  ];
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ kind }, { providers });
  });
  afterAll(() => app?.close());

  it('runs the method on an instance with its constructor dependencies', async () => {
    expect(await within(app.context.get(Service).greet('Ada'))).toBe(`hello Ada from a ${there}`);
  });

  it('injects properties too', async () => {
    expect(await within(app.context.get(Service).greetByProperty('Ada'))).toBe(`hello Ada from a ${there}`);
  });

  it('injects what is referred to by forwardRef()', async () => {
    await withApp(
      { kind },
      async ({ context }) => {
        const service = context.get(NeedsForwardReference);
        expect(await within(service.greet('Ada'))).toBe(`hello Ada from a ${there}`);
      },
      { providers: [Greeter, NeedsForwardReference] },
    );
  });

  it('routes references taken in a constructor, and self-calls', async () => {
    const service = app.context.get(Service);
    expect(await within(service.kept('Ada'))).toContain(there);
    expect(await within(service.twice('Ada'))).toEqual(['parent', `hello Ada from a ${there}`]);
  });

  it('runs decorated methods inline inside a worker, of the same pool of one', async () => {
    expect(await within(app.context.get(Service).nested('Ada'))).toBe(`hello Ada from a ${there}`);
    expect(await within(app.context.get(UsesExecutor).addInside(2, 3))).toBe(5);
  });

  it('routes a method called by way of super, and runs the override once', async () => {
    expect(await within(app.context.get(SubService).greet('Ada'))).toBe(
      `parent sub: hello Ada from a ${there}`,
    );
  });

  it('routes transient providers, and mixins by the class that is exported', async () => {
    expect(await within((await app.context.resolve(TransientService)).where())).toBe(there);
    expect(await within(app.context.get(MixedService).timed())).toBe(`timed in a ${there}`);
  });

  it('makes a new instance of a request-scoped class for each call', async () => {
    const first = await app.context.resolve(RequestService);
    const second = await app.context.resolve(RequestService);
    const numbers = [await within(first.instanceNumber()), await within(second.instanceNumber())];
    expect(numbers[0]?.startsWith(there)).toBe(true);
    expect(new Set(numbers).size).toBe(2);
  });

  it('keeps apart the names that every object has', async () => {
    const service = app.context.get(BitingNames);
    expect(await within(service['__proto__']())).toBe(`__proto__ in a ${there}`);
    expect(await within(service.valueOf())).toBe(`valueOf in a ${there}`);
    const argument = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3}') as Record<
      string,
      unknown
    >;
    const result = await within(service.constructorOf(argument));
    expect(Object.keys(result).toSorted()).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('routes controllers, whose guards and pipes stay in the application', async () => {
    class WebModule {}
    const web = await within(
      NestFactory.create(
        {
          module: WebModule,
          imports: [ExecutorModule.forRoot({ pools: { pool: { kind, size: 1 } } })],
          controllers: [GreetingController],
          providers: [
            Greeter,
            GuardNeedingMuch,
            { provide: 'ONLY_IN_THE_PARENT', useFactory: () => 'there' },
          ],
        },
        { logger: false, abortOnError: false },
      ),
    );
    try {
      await within(web.listen(0, '127.0.0.1'));
      const { port } = web.getHttpServer().address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/greetings/Ada`);
      expect(await response.json()).toEqual({ greeting: `hello Ada from a ${there}` });
    } finally {
      await within(web.close());
    }
  });

  it('runs lifecycle hooks where the instance is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hooks-'));
    const log = join(folder, 'log');
    try {
      process.env['HOOK_LOG'] = log;
      await withApp(
        { kind },
        async ({ context }) => {
          expect(await within(context.get(WithHooks).wasInitialised())).toBe(`${there} true`);
        },
        { providers: [WithHooks] },
      );
      const lines = readFileSync(log, 'utf8').trim().split('\n').toSorted();
      expect(lines).toEqual(
        kind === 'inline' ? ['parent destroyed'] : ['parent destroyed', 'worker destroyed'],
      );
    } finally {
      delete process.env['HOOK_LOG'];
      rmSync(folder, { recursive: true });
    }
  });

  it('gives what its options say to every call', async () => {
    const service = app.context.get(WithOptions);
    const error = await rejection<ExecutorTimeoutError>(service.takesTooLong());
    expect(error).toMatchObject({ phase: 'run', timeout: 50 });
    if (kind !== 'inline') expect(await within(service.diesOnce())).toBe(2);
    const gate = new Gate();
    const first = service.waits(gate.file);
    const order: string[] = [];
    const others = [app.context.get(Service).greet('Ada'), service.isUrgent()];
    const ends = others.map((call) => call.then((value) => order.push(value)));
    gate.open();
    await within(Promise.all([first, ...ends]));
    expect(order).toEqual(['urgent', `hello Ada from a ${there}`]);
  });

  it('starts no cron job and no consumer of a class where it runs', async () => {
    const isLeft = kind === 'inline';
    expect(await within(app.context.get(RunsByItself).marks())).toEqual([isLeft, isLeft]);
    expect(Reflect.hasMetadata('SCHEDULER_TYPE', RunsByItself.prototype.marks)).toBe(true);
  });

  it.skipIf(kind === 'inline')('nor if it is the context that provides the class', async () => {
    await withApp(
      { kind, context: RunsByItselfContext },
      async ({ context }) => {
        expect(await within(context.get(RunsByItself).marks())).toEqual([false, false]);
      },
      { imports: [RunsByItselfContext] },
    );
  });

  it('keeps what an injected pool says of itself where it runs', async () => {
    expect(await within(app.context.get(UsesExecutor).tell())).toEqual([
      'pool',
      'pool',
      'ExecutorOptionsError',
    ]);
  });

  it('refuses there what it refuses elsewhere', async () => {
    const service = app.context.get(UsesExecutor);
    const number = await rejection(service.runNumber());
    expect(number).toBeInstanceOf(ExecutorReferenceError);
    expect(number.message).toBe("run() of pool 'pool' takes a function first, not 42.");
    const decorated = await rejection(service.runDecorated());
    expect(decorated).toBeInstanceOf(ExecutorReferenceError);
    expect(decorated.message).toContain('was given a decorated method');
  });

  it('refuses a decorated class that the application makes by factory or value', async () => {
    const made = { useFactory: () => new WithHooks() };
    for (const provider of [
      made,
      { useValue: new WithHooks() },
      { ...made, scope: Scope.REQUEST },
      { ...made, scope: Scope.TRANSIENT },
    ]) {
      const error = await rejection(startApp({ kind }, { providers: [{ provide: WithHooks, ...provider }] }));
      expect(error).toBeInstanceOf(ExecutorOptionsError);
      expect(error.message).toMatch(/WithHooks.*wasInitialised\(\).*providers: \[WithHooks\]/s);
    }
  });

  it('refuses one that another decorator wraps, too', async () => {
    const error = await rejection(
      startApp({ kind }, { providers: [{ provide: Traced, useValue: new Traced() }] }),
    );
    expect(error.message).toMatch(/Traced has the decorated method work\(\)/);
  });

  it('takes one that it makes by a factory, or by another name, where Nest made the instance', async () => {
    const inject = [SubService];
    const handsOn = { inject, scope: Scope.REQUEST, useFactory: (service: SubService) => service };
    await withApp(
      { kind },
      async ({ context }) => {
        const greeting = `parent sub: hello Ada from a ${there}`;
        expect(await within(context.get<SubService>('ALIAS').greet('Ada'))).toBe(greeting);
        expect(await within((await context.resolve(Service)).greet('Ada'))).toBe(greeting);
      },
      {
        providers: [
          Greeter,
          SubService,
          { provide: 'ALIAS', useExisting: SubService },
          { provide: Service, ...handsOn },
        ],
      },
    );
  });

  it('routes where the application wraps all that Nest makes', async () => {
    const module = {
      module: class WrappedModule {},
      imports: [ExecutorModule.forRoot({ pools: { pool: { kind, size: 1 } } })],
      providers: [Greeter, Service],
    };
    const options = { logger: false, abortOnError: false, instrument: { instanceDecorator } } as const;
    const wrapped = await within(NestFactory.createApplicationContext(module, options));
    try {
      expect(await within(wrapped.get(Service).greet('Ada'))).toBe(`hello Ada from a ${there}`);
    } finally {
      await within(wrapped.close());
    }
  });

  it('names class, method, pool and the nearest name for an unknown pool', async () => {
    const error = await rejection(startApp({ kind }, { providers: [BadPool] }));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/BadPool\.work\(\).*'poll'.*Did you mean 'pool'\?/);
  });
});

describe('@RunInExecutor', () => {
  it('keeps metadata, name and length', () => {
    const { greet, greetByProperty } = Service.prototype;
    expect(Reflect.getMetadata('marked', greet)).toBe('yes');
    expect(Reflect.getMetadata('inner', greet)).toBe('too');
    expect(greet.name).toBe('greet');
    expect(greetByProperty.length).toBe(2);
  });

  it('runs inline on an instance that Nest did not make', async () => {
    expect(await new Service(new Greeter()).greet('Ada')).toBe('hello Ada from a parent');
  });

  it('says so where its parentheses are missing', () => {
    const decorate = RunInExecutor as unknown as (owner: object, name: string) => void;
    expect(() => decorate(Service.prototype, 'greet')).toThrow(/its parentheses: @RunInExecutor\(\)/);
  });

  it.each<[string, unknown[], RegExp]>([
    ['a class', [Service], /cannot decorate Service:/],
    ['a static method', [Service, 'make', { value: () => {} }], /cannot decorate Service\.make:/],
    ['a property', [Service.prototype, 'name'], /cannot decorate Service\.name:/],
    ['what it is told no owner of', [undefined, 'name'], /cannot decorate name:/],
  ])('refuses %s, and says which', (_what, decorated, message) => {
    const decorate = RunInExecutor('pool') as unknown as (...given: unknown[]) => void;
    expect(() => decorate(...decorated)).toThrow(ExecutorOptionsError);
    expect(() => decorate(...decorated)).toThrow(message);
  });

  it("refuses a method called 'constructor', whose class Nest could not inject", () => {
    const decorate = RunInExecutor('pool');
    const descriptor = { value: async () => {} };
    expect(() => decorate({}, 'constructor', descriptor)).toThrow(ExecutorOptionsError);
  });

  it('leaves nothing to see on the instances', async () => {
    const app = await startApp({ kind: 'inline' }, { providers: [WithHooks] });
    expect(Object.getOwnPropertySymbols({ ...app.context.get(WithHooks) })).toEqual([]);
    await app.close();
  });

  it('fails the start for a dependency that no file exports', async () => {
    const error = await rejection(
      startApp({ kind: 'thread' }, { providers: [NeedsUnexported, hidden.NotExported] }),
    );
    expect(error).toBeInstanceOf(ExecutorReferenceError);
    expect(error.message).toMatch(/NotExported.*services\.js/);
  });
});
