/**
 * The part of a call's life that a timeout ended: waiting for a worker, or running in one.
 * @publicApi
 */
export type TimeoutPhase = 'queue' | 'run';

/**
 * The base class of every error that this package makes. `code` is stable: use it to tell errors apart even across two
 * copies of the package.
 * @publicApi
 */
export abstract class ExecutorError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
  }
}

/**
 * Options of the module, a pool, a decorator or a call are wrong. The start-up rejects with it. `with()`, `forRootAsync()`, and
 * `@RunInExecutor` on what it cannot decorate, throw it. A call that has `retries` and moved buffers rejects with it.
 * @publicApi
 */
export class ExecutorOptionsError extends ExecutorError {
  readonly code = 'EXECUTOR_OPTIONS';
}

/**
 * The pool holds `maxQueue` calls that have not started: the call was not accepted.
 * @publicApi
 */
export class ExecutorQueueFullError extends ExecutorError {
  readonly code = 'EXECUTOR_QUEUE_FULL';

  constructor(
    /** The pool's name. */
    readonly pool: string,
    /** The pool's `maxQueue` option. */
    readonly maxQueue: number,
    call: string,
  ) {
    super(
      `Pool '${pool}' refused ${call}: its queue is full (maxQueue: ${maxQueue}). ` +
        `Slow the callers down, or raise 'size' or 'maxQueue'.`,
    );
  }
}

/**
 * The call waited longer than `queueTimeout` (`phase: 'queue'`) or ran longer than `timeout`
 * (`phase: 'run'`), both in ms. In the first case it never began; with `retries`, not again since its worker was lost.
 * @publicApi
 */
export class ExecutorTimeoutError extends ExecutorError {
  readonly code = 'EXECUTOR_TIMEOUT';

  constructor(
    /** The pool's name. */
    readonly pool: string,
    /** Which of the two limits ended the call. */
    readonly phase: TimeoutPhase,
    /** The limit, in ms. */
    readonly timeout: number,
    call: string,
  ) {
    super(
      phase === 'run'
        ? `${call} ran longer than its timeout of ${timeout} ms in pool '${pool}'.`
        : `${call} waited longer than the queueTimeout of ${timeout} ms for a worker of pool '${pool}'.`,
    );
  }
}

/**
 * What is known about how a worker ended.
 * @publicApi
 */
export interface WorkerLoss {
  /** The worker's exit code, or `null` if a signal ended it. */
  readonly exitCode: number | null;
  /** The signal that ended a process, e.g. `SIGKILL`; `null` for threads and for exits by code. */
  readonly signal: string | null;
  /** Whether the worker ran out of JavaScript heap. It is not set if the system ends a process for lack of memory. */
  readonly outOfMemory: boolean;
}

/**
 * The worker ended while the call was in it, and no retry was left. Whether the method had its effect is unknown.
 * A call that is known not to have begun is lost only if its moved buffers are gone, or if ten workers ended before it
 * began, or three while they loaded what it runs.
 * `cause` is the uncaught error that ended the worker, if there was one.
 * @publicApi
 */
export class ExecutorWorkerLostError extends ExecutorError implements WorkerLoss {
  readonly code = 'EXECUTOR_WORKER_LOST';
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly outOfMemory: boolean;

  constructor(
    /** The pool's name. */
    readonly pool: string,
    loss: WorkerLoss,
    call: string,
    /** The attempt that was lost, counted from 1; more than 1 only with `retries`. */
    readonly attempts: number,
    options?: ErrorOptions,
  ) {
    super(
      `${call} was lost: its worker in pool '${pool}' ${describeLoss(loss)}` +
        (attempts > 1 ? ` (attempt ${attempts}, the last).` : '.'),
      options,
    );
    this.exitCode = loss.exitCode;
    this.signal = loss.signal;
    this.outOfMemory = loss.outOfMemory;
  }
}

/**
 * The pool is closed or closing. The call was not accepted, or had not finished within `shutdownTimeout`.
 * @publicApi
 */
export class ExecutorClosedError extends ExecutorError {
  readonly code = 'EXECUTOR_CLOSED';

  constructor(
    /** The pool's name. */
    readonly pool: string,
    call: string,
    why: 'refused' | 'unfinished' | 'starting',
  ) {
    const cause = why === 'unfinished' ? ' (shutdownTimeout)' : '';
    super(
      why === 'refused'
        ? `${call} was refused: pool '${pool}' is closed.`
        : `${call} had not finished when pool '${pool}' was closed${cause}.`,
    );
  }
}

/**
 * An argument or the result holds something that cannot be sent to another thread or process.
 * `subject` says which one (`argument 1`, `result`, …), with the path inside it.
 * @publicApi
 */
export class ExecutorSerializationError extends ExecutorError {
  readonly code = 'EXECUTOR_SERIALIZATION';

  constructor(
    /** The part of the call, e.g. `argument 1 (at .list[3])`. */
    readonly subject: string,
    why: string,
    options?: ErrorOptions,
  ) {
    super(`${capitalise(subject)} cannot be sent between an application and its workers: ${why}`, options);
  }
}

/**
 * The pool's workers cannot start. `cause` is what a worker threw.
 * @publicApi
 */
export class ExecutorBootError extends ExecutorError {
  readonly code = 'EXECUTOR_BOOT';

  constructor(
    /** The pool's name. */
    readonly pool: string,
    why: string,
    options?: ErrorOptions,
  ) {
    super(`A worker of pool '${pool}' could not start: ${why}${cureFor(options?.cause)}`, options);
  }
}

/**
 * A class or function cannot be named to a worker as "this export of that file", or a worker could not load that file, or not
 * within `bootTimeout`. `cause` is what the import threw, or why the file or export could not be found out.
 * @publicApi
 */
export class ExecutorReferenceError extends ExecutorError {
  readonly code = 'EXECUTOR_REFERENCE';
}

/** The name by which Nest's own messages refer to it. */
const WORKER_ROOT = 'ExecutorWorkerRoot';

/** What to do about what workers load differently, as they do not begin with the application's `main.ts`. */
export function cureFor(cause: unknown): string {
  if (isUncompiled(cause)) {
    return (
      '. Workers import files as Node does. Compile the files first, use tsx (for threads on a recent Node 22 or 24), or, in ' +
      "tests, pools of kind 'inline'."
    );
  }
  if (cause instanceof Error && cause.message.includes(WORKER_ROOT)) {
    return (
      `\n${WORKER_ROOT} is the module of a worker that has what the pool's context does not provide. If it is the context that provides ` +
      'what is missing there: export it from the module that provides it and, where the context only imports that module, export that ' +
      'module from the context.'
    );
  }
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return '';
  return (
    '. If the application finds it through what its main.ts sets up (tsconfig-paths, say): workers do not run that. Let Node load the ' +
    'set-up first (node --require or --import), for the application and its workers.'
  );
}

/** Whether the error is that Node cannot load TypeScript as it is, or not all of it. */
function isUncompiled(cause: unknown): boolean {
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return true;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return / "?\.[cm]?tsx?"? /.test(String(message));
  return cause instanceof SyntaxError && /\.[cm]?tsx? was loaded/.test(cause.message);
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function describeLoss(loss: WorkerLoss): string {
  if (loss.outOfMemory) return 'ran out of memory';
  if (loss.signal !== null) return `was ended by ${loss.signal}`;
  return `exited with code ${loss.exitCode ?? 'unknown'}`;
}
