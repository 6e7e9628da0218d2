import { describeLoss } from '../errors/executor.errors.js';
import type { WorkerEnd } from '../hosts/worker-host.interface.js';
import type { PoolKind } from '../interfaces/pool-options.interface.js';

/** Why a worker did not start that could not say so itself. */
export function silentEnd(end: WorkerEnd): string {
  const cure = end.outOfMemory ? ` (is the pool's 'resourceLimits' too small?)` : '';
  const wrote = end.lastWords ? `; on stderr it wrote: ${end.lastWords}` : '';
  return `it ${describeLoss(end)} while it started${cure}${wrote}`;
}

/** Why a worker did not start: of some of what the system refuses, Node gives no more than a code. */
export function refusedStart(cause: unknown): string {
  const why = cause instanceof Error ? cause.message : String(cause);
  const isLimit = /^((spawn .*|.*initialization failure:) )?EAGAIN$/.test(why);
  return isLimit ? `${why} (is the limit on processes and threads reached, as 'ulimit -u' sets it?)` : why;
}

/**
 * Why a worker was ended before it was ready.
 * @param step what it said last that it does; may be empty
 */
export function slowBoot(bootTimeout: number, step: string): string {
  const late = `it took longer than the bootTimeout of ${bootTimeout} ms`;
  if (step === '') return late;
  return `${late}, and was still ${step}. If something waits there (for a connection, say), see to that; else raise 'bootTimeout'`;
}

/** Why a worker was of no use that had started. */
export function unusedEnd(end: WorkerEnd): string {
  const why = end.cause instanceof Error ? `: ${end.cause.message}` : '';
  return `it ${describeLoss(end)} before it began a call${why}`;
}

/** How the log says it of a worker that was lost. */
export function lossOf(end: WorkerEnd, kind: PoolKind): string {
  const { cause } = end;
  // Of what a process throws, it has said the stack itself.
  const text = cause instanceof Error && (kind === 'thread' ? cause.stack : cause.message);
  return text ? `${describeLoss(end)}: ${text}` : describeLoss(end);
}
