import { applyDecorators, SetMetadata } from '@nestjs/common';
import { describe, expectTypeOf, it } from 'vitest';
import { type Executor, RunInExecutor } from '../../lib/index.js';
import { add, echo, echoLater } from '../fixtures/work.js';

declare const method: TypedPropertyDescriptor<() => Promise<number>>;

declare function needsThis(this: { count: number }, add: number): number;

/** Checked by the compiler: an `expect-error` that is none fails the build. */
export class Typed {
  @RunInExecutor()
  async good(): Promise<number> {
    return 1;
  }

  @RunInExecutor('pool', { timeout: 1_000, priority: 1, retries: 2 })
  alsoGood(text: string): Promise<string> {
    return Promise.resolve(text);
  }

  // Where it is composed with others, the compiler no longer sees what it returns.
  @applyDecorators(RunInExecutor('pool') as MethodDecorator, SetMetadata('marked', true))
  async composed(): Promise<number> {
    return 1;
  }

  // @ts-expect-error: does not return a promise
  @RunInExecutor()
  bad(): number {
    return 1;
  }
}

describe('types', () => {
  it('flow through run()', () => {
    const executor = undefined as unknown as Executor;
    const calls = () => [
      expectTypeOf(executor.run(add, 1, 2)).toEqualTypeOf<Promise<number>>(),
      expectTypeOf(executor.run(echo<string>, 'x')).toEqualTypeOf<Promise<string>>(),
      expectTypeOf(executor.run(echoLater<Date>, new Date(), 5)).toEqualTypeOf<Promise<Date>>(),
      // @ts-expect-error: wrong argument
      executor.run(add, 1, '2'),
      // @ts-expect-error: too few arguments
      executor.run(add, 1),
      // @ts-expect-error: it needs a `this`, which it has not in a worker
      executor.run(needsThis, 1),
    ];
    expectTypeOf(calls).toBeFunction();
  });

  it('refuse a static method', () => {
    const decorate = RunInExecutor();
    const calls = () => [
      decorate(Typed.prototype, 'good', method),
      // @ts-expect-error: what a static method belongs to is the class
      decorate(Typed, 'good', method),
    ];
    expectTypeOf(calls).toBeFunction();
  });
});
