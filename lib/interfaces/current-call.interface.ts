/**
 * What a method can know about the call that runs it.
 * @publicApi
 */
export interface CurrentCall {
  /** Unique within its pool. */
  readonly id: number;
  /** The name of the pool that runs it. */
  readonly pool: string;
  /** 1 at first; higher if an earlier worker was lost and `retries` allowed another attempt. */
  readonly attempt: number;
  /** Aborted when the caller no longer waits: after an abort, a timeout or a shutdown. */
  readonly signal: AbortSignal;
  /** When `timeout` ends the call, in ms since the epoch; `undefined` without a timeout. */
  readonly deadline: number | undefined;
}
