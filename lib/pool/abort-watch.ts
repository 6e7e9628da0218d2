import { ExecutorSerializationError } from '../errors/executor.errors.js';
import { MAX_SIGNAL_ARGUMENTS } from '../wire/codec.js';

/**
 * The positions of AbortSignals among the arguments, as bits.
 * @throws ExecutorSerializationError for a signal so far back that it has no bit
 */
export function signalBits(args: readonly unknown[]): number {
  let bits = 0;
  for (let index = 0; index < args.length; index++) {
    if (!(args[index] instanceof AbortSignal)) continue;
    if (index >= MAX_SIGNAL_ARGUMENTS) {
      throw new ExecutorSerializationError(
        `argument ${index + 1}`,
        `an AbortSignal arrives alive only among the first ${MAX_SIGNAL_ARGUMENTS} arguments.`,
      );
    }
    bits |= 1 << index;
  }
  return bits;
}

/** The signals that a call must heed: its option, and those among its arguments. */
export function signalsOf(
  option: AbortSignal | undefined,
  args: readonly unknown[],
  bits: number,
): AbortSignal[] {
  const signals = option ? [option] : [];
  if (bits !== 0) for (const arg of args) if (arg instanceof AbortSignal) signals.push(arg);
  return signals;
}

/**
 * Calls `onAbort` with the reason of the first of the signals that is aborted.
 * @returns takes the listeners off
 */
export function watchSignals(
  signals: readonly AbortSignal[],
  onAbort: (reason: unknown) => void,
): () => void {
  const listeners = signals.map((signal) => {
    const listener = () => onAbort(signal.reason);
    signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
  });
  return () => {
    for (const release of listeners) release();
  };
}
