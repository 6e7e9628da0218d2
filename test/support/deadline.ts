import { clearTimeout, setTimeout } from '../../lib/node-timers.js';

/** How long anything in these tests may take that should be quick, in ms. */
const DEADLINE = 15_000;

/** Fails as "deadlock", and says what is still alive, if the promise is not settled in time. */
export async function within<T>(promise: Promise<T>, what = 'the call', ms = DEADLINE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadlock = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const alive = process.getActiveResourcesInfo().join(', ');
      reject(new Error(`deadlock: ${what} was not settled within ${ms} ms; still alive: ${alive}`));
    }, ms);
  });
  try {
    return await Promise.race([promise, deadlock]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until something holds, looking often; fails as "deadlock". */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = DEADLINE,
): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`deadlock: ${what} did not come within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What a promise rejects with; fails if it resolves. */
export async function rejection<E = Error>(promise: Promise<unknown>, what?: string): Promise<E> {
  let value: unknown;
  try {
    value = await within(promise, what);
  } catch (error) {
    return error as E;
  }
  throw new Error(`expected a rejection, but it resolved to ${String(value)}`);
}

/** The same, awaited directly, with nothing between: for tests of what an error's stack says of who awaits. */
export async function thrownBy<E = Error>(call: () => Promise<unknown>): Promise<E> {
  try {
    await call();
  } catch (error) {
    return error as E;
  }
  throw new Error('expected a rejection');
}

/** A promise, and whether it is settled. */
export interface Observed<T> {
  readonly promise: Promise<T>;
  readonly isSettled: boolean;
}

export function observe<T>(promise: Promise<T>): Observed<T> {
  const observed = { promise, isSettled: false };
  const settle = () => {
    observed.isSettled = true;
  };
  promise.then(settle, settle);
  return observed;
}

/** Whether it resolves. */
export function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  );
}
