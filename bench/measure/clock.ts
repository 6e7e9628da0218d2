import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** What a stretch of calls cost, per call, in µs. */
export interface Slice {
  readonly calls: number;
  /** Time by the clock: the stretch divided by its calls, so with many in flight less than one call takes. */
  readonly us: number;
  /** How long the parent's event loop was not waiting. */
  readonly loopUs?: number;
  /** CPU time of the whole parent process: of its threads too, so exact only for contenders without any. */
  readonly cpuUs?: number;
}

/** Measures the parent from its making on. */
export class Clock {
  readonly #loop: EventLoopUtilization = performance.eventLoopUtilization();
  readonly #cpu = process.cpuUsage();
  readonly #startedAt = performance.now();

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  read(calls: number): Slice {
    const us = (this.elapsedMs * 1e3) / calls;
    const { user, system } = process.cpuUsage(this.#cpu);
    const { active } = performance.eventLoopUtilization(this.#loop);
    return { calls, us, loopUs: (active * 1e3) / calls, cpuUs: (user + system) / calls };
  }
}
