import { ExecutorSerializationError } from '../errors/executor.errors.js';
import { MAX_SIGNAL_ARGUMENTS } from '../wire/codec.js';

/**
 * The positions of AbortSignals among the arguments, as bits.
 * @throws ExecutorSerializationError for a signal so far back that it has no bit
 */
export function signalBits(args: readonly unknown[]): number {
  let bits = 0;
  for (let index = 0; index < args.length; index++) {
    const value = args[index];
    // Most arguments are no objects, or plain ones: to ask for a class costs more than to ask for a property.
    if (typeof value !== 'object' || value === null || !('aborted' in value)) continue;
    if (!(value instanceof AbortSignal)) continue;
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

const NONE: readonly AbortSignal[] = [];

/** The signals that a call must heed: its option, and those among its arguments. */
export function signalsOf(
  option: AbortSignal | undefined,
  args: readonly unknown[],
  bits: number,
): readonly AbortSignal[] {
  if (bits === 0) return option ? [option] : NONE;
  const signals = option ? [option] : [];
  for (const arg of args) if (arg instanceof AbortSignal) signals.push(arg);
  return signals;
}

type Watcher = (reason: unknown) => void;

const watchersBySignal = new WeakMap<AbortSignal, Set<Watcher>>();

/**
 * Calls `onAbort` with the reason of the first of the signals that is aborted. A signal has one listener of
 * ours, however many calls share it: adding and taking off cost the same with one call as with a thousand.
 * @param onAbort of this call alone
 * @returns takes the watch off
 */
export function watchSignals(signals: readonly AbortSignal[], onAbort: Watcher): () => void {
  const releases = signals.map((signal) => watch(signal, onAbort));
  return () => {
    for (const release of releases) release();
  };
}

function watch(signal: AbortSignal, onAbort: Watcher): () => void {
  const known = watchersBySignal.get(signal);
  const watchers = known ?? new Set<Watcher>();
  watchers.add(onAbort);
  if (!known) {
    watchersBySignal.set(signal, watchers);
    signal.addEventListener('abort', notifyWatchers, { once: true });
  }
  return () => {
    watchers.delete(onAbort);
    if (watchers.size > 0 || watchersBySignal.get(signal) !== watchers) return;
    watchersBySignal.delete(signal);
    signal.removeEventListener('abort', notifyWatchers);
  };
}

function notifyWatchers(event: Event): void {
  const signal = event.target as AbortSignal;
  const watchers = watchersBySignal.get(signal);
  watchersBySignal.delete(signal);
  for (const watcher of watchers ?? []) watcher(signal.reason);
}
