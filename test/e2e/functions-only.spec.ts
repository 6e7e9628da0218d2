import { readFileSync } from 'node:fs';
import {
  ConflictException,
  ImATeapotException,
  NotFoundException,
  RequestTimeoutException,
} from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { ExecutorOptionsError, ExecutorWorkerLostError } from '../../lib/index.js';
import { throwsFar } from '../fixtures/errors.js';
import { WithHooks } from '../fixtures/services.js';
import {
  NoSuchBookException,
  throwsConflict,
  throwsConflictLater,
  throwsNoSuchBook,
} from '../fixtures/nest-exceptions.js';
import { hasLoadedNest, hasReflectMetadata, statusOf, throwsNameless } from '../fixtures/without-nest.js';
import { tellsCallWhenAborted, whoAmI } from '../fixtures/work.js';
import { ALL_KINDS, startApp, WORKER_KINDS } from '../support/app.js';
import { rejection, until, within } from '../support/deadline.js';
import { Gate } from '../support/gate.js';
import { sharedApp } from '../support/shared-app.js';

describe.each(WORKER_KINDS)('a pool of kind %s without a context', (kind) => {
  const withPool = sharedApp({ kind, context: false });

  it('has workers that do without Nest, and with the metadata that others expect it to bring', async () => {
    await withPool(async ({ executor }) => {
      expect(await within(executor.run(hasLoadedNest))).toBe(false);
      expect(await within(executor.run(hasReflectMetadata))).toBe(true);
    });
  });

  it("knows Nest's error classes, and those that extend them, when something is thrown", async () => {
    await withPool(async ({ executor }) => {
      const missing = await rejection<NoSuchBookException>(executor.run(throwsNoSuchBook));
      expect(missing).toBeInstanceOf(NoSuchBookException);
      expect(missing).toBeInstanceOf(NotFoundException);
      expect([missing.getStatus(), missing.message, missing.isbn]).toEqual([404, 'no such book', '978-3']);
      expect(await rejection(executor.run(throwsConflict))).toBeInstanceOf(ConflictException);
    });
  });

  it('is not misled by an error whose class cannot be asked', async () => {
    await withPool(async ({ executor }) => {
      expect((await rejection(executor.run(throwsNameless))).message).toBe('nameless');
    });
  });

  it('brings the application no file that only a worker has loaded, with an error of its class', async () => {
    await withPool(async ({ executor }) => {
      const error = await rejection(executor.run(throwsFar));
      expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
      expect([error.name, error.message]).toEqual(['FarError', 'from afar']);
      expect(globalThis).not.toHaveProperty('hasFarError');
    });
  });
});

// Each in a worker of its own: what was loaded before it would do for it.
describe.each(WORKER_KINDS)('a new worker without a context in a pool of kind %s', (kind) => {
  it("makes instances of Nest's classes of what it is given", async () => {
    const { executor, close } = await startApp({ kind, context: false });
    expect(await within(executor.run(statusOf, new ImATeapotException()))).toBe(418);
    await close();
  });

  it('says of which of their classes the error was that ended it', async () => {
    const { executor, close } = await startApp({ kind, context: false });
    const error = await rejection(executor.run(throwsConflictLater));
    expect(error).toBeInstanceOf(ExecutorWorkerLostError);
    expect(error.cause).toBeInstanceOf(ConflictException);
    await close();
  });

  it('hears of an abort for a reason of theirs at once, and loads nothing for that', async () => {
    const { executor, close } = await startApp({ kind, context: false });
    const before = await within(executor.run(whoAmI));
    const gate = new Gate();
    const controller = new AbortController();
    const call = executor.with({ signal: controller.signal }).run(tellsCallWhenAborted, gate.file, gate.file);
    await until(() => gate.isOpen, 'its begin');
    controller.abort(new RequestTimeoutException());
    expect(await rejection(call)).toBeInstanceOf(RequestTimeoutException);
    expect(await within(executor.run(whoAmI))).toBe(before);
    expect(readFileSync(gate.file, 'utf8')).toBe('begun, true RequestTimeoutException');
    expect(await within(executor.run(hasLoadedNest))).toBe(false);
    await close();
  });
});

it.each(ALL_KINDS)(
  'a decorated method in a pool of kind %s without a context fails the start',
  async (kind) => {
    const error = await rejection(startApp({ kind, context: false }, { providers: [WithHooks] }));
    expect(error).toBeInstanceOf(ExecutorOptionsError);
    expect(error.message).toMatch(/^WithHooks\.\w+\(\) .*pool 'pool'.*'context' is false: leave that out/);
  },
);
