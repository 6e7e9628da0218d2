import { Clock, type Slice } from './clock.js';

/** When it is enough: whichever comes first. */
export interface Enough {
  readonly ms: number;
  readonly calls?: number | undefined;
}

/** Keeps `inFlight` calls under way until it is enough: whoever has an answer makes the next call. Then waits for the rest. */
export async function drive(
  call: () => PromiseLike<unknown>,
  inFlight: number,
  { ms, calls: most = Infinity }: Enough,
): Promise<Slice> {
  let calls = 0;
  const clock = new Clock();
  const caller = async () => {
    do {
      await call();
      calls++;
    } while (clock.elapsedMs < ms && calls < most);
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return clock.read(calls);
}
