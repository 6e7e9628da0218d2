import { Controller, type INestApplicationContext, Logger, SetMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Executor, ExecutorModule, getExecutorToken } from '../../lib/index.js';
import { echoLater, failsInBackground } from '../fixtures/work.js';
import { ALL_KINDS, withApp } from '../support/app.js';
import { until, within } from '../support/deadline.js';

class Root {}

@Controller()
class Handlers {
  @SetMetadata('microservices:pattern', ['sum'])
  sum(): number {
    return 3;
  }
}

@Controller()
class Heirs extends Handlers {}

afterEach(() => void vi.restoreAllMocks());

/** In which order the call ends and Nest takes the application's server or microservice down. */
async function orderOf(app: INestApplicationContext): Promise<string[]> {
  const order: string[] = [];
  vi.spyOn(app as unknown as { dispose(): Promise<void> }, 'dispose').mockImplementation(async () => {
    order.push('server');
  });
  const executor = app.get<Executor>(getExecutorToken('pool'));
  const call = executor.run(echoLater, 'call', 300).then((name) => order.push(name));
  await until(() => executor.stats().running === 1, 'the start of the call');
  await within(app.close());
  await within(call);
  return order;
}

describe.each(ALL_KINDS)('an application that closes with a call in flight, in a pool of kind %s', (kind) => {
  const module = { module: Root, imports: [ExecutorModule.forRoot({ pools: { pool: { kind, size: 1 } } })] };
  const quiet = { logger: false, abortOnError: false } as const;

  it.each([
    ['of its own', Handlers],
    ['that it inherits', Heirs],
  ])(
    'a microservice with a handler %s waits for the call first, as it would drop its reply',
    async (_, own) => {
      const app = await within(
        NestFactory.createApplicationContext({ ...module, controllers: [own] }, quiet),
      );
      expect(await orderOf(app)).toEqual(['call', 'server']);
    },
  );

  it('any other does not: what makes calls may have to be stopped first', async () => {
    const app = await within(NestFactory.createApplicationContext(module, quiet));
    expect(await orderOf(app)).toEqual(['server', 'call']);
  });

  it('a microservice waits for no call that comes later', async () => {
    const app = await within(
      NestFactory.createApplicationContext({ ...module, controllers: [Handlers] }, quiet),
    );
    const executor = app.get<Executor>(getExecutorToken('pool'));
    const server = { isUp: true };
    const steady = async (): Promise<void> => {
      while (server.isUp) await executor.run(echoLater, 0, 20).catch(() => (server.isUp = false));
    };
    const traffic = Promise.all([steady(), steady(), steady()]);
    await until(() => executor.stats().completed > 3, 'the traffic');
    vi.spyOn(app as unknown as { dispose(): Promise<void> }, 'dispose').mockImplementation(async () => {
      server.isUp = false;
    });
    await within(app.close(), 'closing', 5_000);
    await traffic;
    expect(executor.stats().failed).toBe(0);
  });

  it('an HTTP server stops first, and waits for its own requests', async () => {
    const app = await within(NestFactory.create(module, quiet).then((made) => made.init()));
    expect(await orderOf(app)).toEqual(['server', 'call']);
  });
});

describe('the log of a thread that ended', () => {
  it('has the stack of what it threw, which nobody else would show', async () => {
    const lines: string[] = [];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => void lines.push(line));
    await withApp({ kind: 'thread' }, async ({ executor }) => {
      await within(executor.run(failsInBackground, 1));
      await until(() => lines.length > 0, 'the warning');
    });
    expect(lines[0]).toMatch(
      /thread \d+ exited with code 1: Error: uncaught in the background\n +at .*work\.js/s,
    );
  });
});
