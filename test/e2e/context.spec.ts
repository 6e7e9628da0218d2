import type { Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ExecutorBootError, ExecutorOptionsError } from '../../lib/index.js';
import { ConfigModule } from '@nestjs/config';
import { ConfigUser, ConfigUserModule } from '../fixtures/config-user.module.js';
import {
  Adapter,
  countStores,
  GlobalStoreContext,
  GlobalStoreModule,
  HiddenStoreContext,
  LabelContext,
  PassingAdapter,
  Port,
  PortModule,
  PortUser,
  RequestAdapter,
  Shop,
  ShopContext,
  ShopModule,
  Store,
  StoreUser,
} from '../fixtures/hidden.context.js';
import {
  HidingModule,
  KeepingModule,
  OptionsUser,
  PassingModule,
  PlainModule,
} from '../fixtures/two-options.modules.js';
import { startApp, type TestApp, withApp, WORKER_KINDS } from '../support/app.js';
import { rejection, within } from '../support/deadline.js';

describe.each(WORKER_KINDS)('the context of a pool of kind %s', (kind) => {
  it('has the instance of a class that it makes for another token, with what it keeps for itself', async () => {
    const metadata = { imports: [PortModule], providers: [PortUser] };
    await withApp(
      { kind, context: PortModule },
      async ({ context }) => {
        expect(await within(context.get(PortUser).use())).toBe('true 1 1');
        // The same instance.
        expect(await within(context.get(Port).find())).toBe('true 2 1');
      },
      metadata,
    );
  });

  it.each<[string, string, Type<PassingAdapter>]>([
    ['transient', 'PASSING', PassingAdapter],
    ['request-scoped', 'REQUEST', RequestAdapter],
  ])('has that of a %s one, too', async (how, token, type) => {
    const test = async ({ context }: TestApp) => {
      const adapter = await context.resolve<PassingAdapter>(token, undefined, { strict: false });
      expect(adapter).toBeInstanceOf(type);
      expect(await within(adapter.find())).toBe('true 1 1');
      expect(await within(adapter.find())).toBe(how === 'transient' ? 'true 2 1' : 'true 1 1');
    };
    await withApp({ kind, context: PortModule }, test, { imports: [PortModule] });
  });

  it('may keep for itself what the application provides elsewhere, too: workers have both', async () => {
    const metadata = {
      imports: [PortModule],
      providers: [Store, StoreUser, { provide: 'LABEL', useValue: 'here' }],
    };
    await withApp(
      { kind, context: LabelContext },
      async ({ context }) => {
        expect(await within(context.get(StoreUser).look())).toBe('true own true');
      },
      metadata,
    );
  });

  it('is said to need the module that the application imports, not one within a library', async () => {
    const error = await rejection(startApp({ kind }, { imports: [ConfigUserModule] }));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toContain('ConfigUser.home() -> ConfigService');
    const cure = '(here ConfigModule, imported as the application does';
    expect(error.message).toContain(cure);
    const dynamic = {
      module: class Dynamic {},
      imports: [ConfigModule.forRoot({ ignoreEnvFile: true })],
      providers: [ConfigUser],
    };
    const other = await rejection(startApp({ kind }, { imports: [dynamic] }));
    expect(other.message).toContain(cure);
  });

  it('is not needed for what other modules have and do not export: nobody is injected with that', async () => {
    const providers = [OptionsUser];
    await withApp(
      { kind },
      async ({ context }) => {
        expect(await within(context.get(OptionsUser).name())).toBe('a plain class');
      },
      { imports: [KeepingModule, HidingModule, PlainModule], providers },
    );
    const passing = { imports: [PassingModule, PlainModule], providers };
    expect((await rejection(startApp({ kind }, passing))).message).toContain('by value');
  });

  it('has the controllers of dynamic modules, with what those keep for themselves', async () => {
    await withApp(
      { kind, context: ShopContext },
      async ({ context }) => {
        expect(await within(context.get(Shop).look())).toBe('true shop 1');
      },
      { imports: [ShopModule.forRoot()] },
    );
  });

  it.each([
    ['by its decorator', GlobalStoreContext, GlobalStoreModule],
    ['as a dynamic one', ShopContext, ShopModule.forRoot()],
  ])(
    'has for all what a module of it provides that is global %s, and not a second time',
    async (_how, pools, own) => {
      await withApp(
        { kind, context: pools },
        async ({ context, executor }) => {
          expect(await within(context.get(Adapter).find())).toBe('true 1 1');
          expect(await within(executor.run(countStores))).toBe(1);
        },
        { imports: [own], providers: [Store, Adapter] },
      );
    },
  );

  it('that does not export what it provides fails the start, which says so', async () => {
    const providers = [Store, StoreUser, { provide: 'LABEL', useValue: 'here' }];
    const error = await rejection(startApp({ kind, context: HiddenStoreContext }, { providers }));
    expect(error).toBeInstanceOf(ExecutorBootError);
    expect(error.message).toMatch(
      /StoreUser.*Store[^]*ExecutorWorkerRoot is the module of a worker.*export it/,
    );
  });
});
