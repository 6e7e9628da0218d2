import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Executor, ExecutorModule, getExecutorToken } from '../../lib/index.js';
import { echoLater, failsInBackground } from '../fixtures/work.js';
import { ALL_KINDS, withApp } from '../support/app.js';
import { until, within } from '../support/deadline.js';

class Root {}

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

  it('without an HTTP server: it waits for the call first, as a microservice would drop its reply', async () => {
    const app = await within(NestFactory.createApplicationContext(module, quiet));
    expect(await orderOf(app)).toEqual(['call', 'server']);
  });

  it('with one: that stops first, and waits for its own requests', async () => {
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
