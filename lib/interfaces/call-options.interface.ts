/**
 * Options of a single call. What you leave out is taken from the pool.
 * @publicApi
 */
export interface CallOptions {
  /** How long the method may run, in ms, counted from its start; 1 or more. Default: the pool's, else no limit. */
  readonly timeout?: number | undefined;
  /** Aborting it rejects the call with the signal's `reason`, and tells the method through `currentCall().signal`. */
  readonly signal?: AbortSignal | undefined;
  /** Any finite number; higher starts first, equal priorities start in the order of their calls. Default 0. */
  readonly priority?: number | undefined;
  /**
   * How often the call is run again when its *worker* is lost (never when the method threw), 0 or more.
   * Only for calls that may run twice. Default: the pool's, else 0.
   */
  readonly retries?: number | undefined;
  /**
   * The file that exports the function or class, as a path (relative to the working directory) or a `file:` URL
   * (`import.meta.url`). Set it if the file cannot be found out (a mixin's result, the permission model). Default: found out.
   */
  readonly file?: string | undefined;
}

/**
 * Options of `@RunInExecutor(pool, options)`. `file` names the file that exports the class.
 * @publicApi
 */
export type RunInExecutorOptions = Omit<CallOptions, 'signal'>;
