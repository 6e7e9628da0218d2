import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often Node looks, in ms; a free event loop shows delays of about this much. */
const RESOLUTION = 1;

/** Within which Node is sure to have looked, in ms. */
const SETTLED = 20;

/** The longest time that the event loop was held up. */
@Injectable()
export class StallMonitor implements OnModuleInit, OnModuleDestroy {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION });

  onModuleInit(): void {
    this.#delays.enable();
  }

  onModuleDestroy(): void {
    this.#delays.disable();
  }

  async longest(): Promise<number> {
    await sleep(SETTLED);
    return this.#delays.max / 1e6;
  }

  async reset(): Promise<void> {
    this.#delays.reset();
    // Node measures from one look to the next, and has forgotten the last one.
    await sleep(SETTLED);
  }
}
