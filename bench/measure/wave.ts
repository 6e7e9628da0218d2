import { Clock } from './clock.js';

export interface WaveSlice {
  /** Time by the clock per call, in µs. */
  readonly us: number;
  /** How many calls were done. */
  readonly calls: number;
  /** Not all calls were done by the limit. */
  readonly wasCutOff: boolean;
  /** The most memory that this process ever held, in MB. */
  readonly peakRssMb: number;
}

/** Makes all calls at once and waits for their results, or for the limit: the time per call with that many queued. */
export async function wave(
  call: () => PromiseLike<unknown>,
  calls: number,
  limitMs: number,
): Promise<WaveSlice> {
  const clock = new Clock();
  let done = 0;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    timer = setTimeout(resolve, limitMs);
    const onResult = () => {
      if (++done === calls) resolve();
    };
    for (let made = 0; made < calls; made++) call().then(onResult, reject);
  });
  clearTimeout(timer);
  if (done === 0) throw new Error(`no call of ${calls} was done within ${limitMs} ms`);
  const peakRssMb = process.resourceUsage().maxRSS / 1024;
  return { us: clock.read(done).us, calls: done, wasCutOff: done < calls, peakRssMb };
}
