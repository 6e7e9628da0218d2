import { AsyncLocalStorage } from 'node:async_hooks';
import type { CurrentCall } from '../interfaces/current-call.interface.js';
import { sharedState } from '../shared-state.js';

const store = sharedState('current-call', () => new AsyncLocalStorage<CurrentCall>());

/**
 * The call that runs this code. It is set inside a method or function that an executor runs, and in whatever that starts,
 * even if it goes on after the call. Elsewhere it is `undefined`.
 * @publicApi
 */
export function currentCall(): CurrentCall | undefined {
  return store.getStore();
}

/**
 * Notes that the parent is told that the call begins.
 * @throws the reason for which it was given up, if it was: what has not begun must not begin
 */
export function announceCall(): void {
  const call = store.getStore();
  if (!(call instanceof RunningCall)) return;
  call.throwIfAborted();
  call.isAnnounced = true;
}

/**
 * Begins the call now: it had to wait.
 * @throws the reason for which it was given up, if it was
 */
export function beginCall(): void {
  const call = store.getStore();
  if (!(call instanceof RunningCall)) return;
  call.throwIfAborted();
  call.begin();
}

/** Runs `callback` as part of the call. */
export function runInCall<T>(call: CurrentCall, callback: () => T): T {
  return store.run(call, callback);
}

/** A call as the method sees it. The signal is made only when somebody asks for it: most methods never do. */
export class RunningCall implements CurrentCall {
  deadline: number | undefined;
  isAnnounced = false;
  readonly #timeout: number;
  #controller: AbortController | undefined;

  /** @param timeout in ms; 0: none */
  constructor(
    readonly id: number,
    readonly pool: string,
    readonly attempt: number,
    timeout: number,
  ) {
    this.#timeout = timeout;
    this.begin();
  }

  /** Starts counting `timeout` now. */
  begin(): void {
    if (this.#timeout > 0) this.deadline = Date.now() + this.#timeout;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  throwIfAborted(): void {
    this.#controller?.signal.throwIfAborted();
  }

  abort(reason: unknown): void {
    const controller = (this.#controller ??= new AbortController());
    // Its listeners are a part of the call, too.
    runInCall(this, () => controller.abort(reason));
  }
}
