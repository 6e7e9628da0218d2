import { performance } from 'node:perf_hooks';
import { clearImmediate, setImmediate } from '../node-timers.js';

/** When a timer fires later than that, in ms, the event loop was blocked. */
const BLOCKED = 50;

/**
 * A timer that fires when what had come in by then has been read: Node runs timers first, so that after the application has
 * blocked its own event loop, a call would time out whose result is there already.
 */
export class LateTimer {
  readonly #timer: NodeJS.Timeout;
  #immediate: NodeJS.Immediate | undefined;
  /** Of the same clock: in tests, another one may stand there by then. */
  readonly #clearTimeout = clearTimeout;

  /**
   * @param act told whether the event loop was blocked when it should have fired
   * @param ms until it fires, in the same turn of the event loop
   */
  constructor(act: (wasBlocked: boolean) => void, ms: number) {
    const due = performance.now() + ms;
    const fire = (wasBlocked: boolean) => (this.#immediate = setImmediate(() => act(wasBlocked)));
    this.#timer = setTimeout(() => fire(performance.now() > due + BLOCKED), ms);
  }

  /** From now on it does not keep the event loop alive. */
  unref(): this {
    this.#timer.unref();
    return this;
  }

  stop(): void {
    this.#clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }
}
