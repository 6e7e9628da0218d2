import { performance } from 'node:perf_hooks';

/** Before a boot is tried again after a first failed one, in ms; doubled with each one more. */
const FIRST_BOOT_DELAY = 100;
const MAX_BOOT_DELAY = 5_000;

/** A first lost worker is replaced at once; from the second in a row on there is a delay, in ms. */
const FIRST_LOSS_DELAY = 20;
const MAX_LOSS_DELAY = 2_000;

/**
 * When the next worker may be booted. Half of each delay is chance, so that the pools of many
 * applications do not boot in step after a common fault.
 */
export class BackOff {
  /** Boots that failed in a row. */
  failedBoots = 0;
  /** Workers in a row that ended before they began a call. */
  unused = 0;
  #losses = 0;
  #notBefore = 0;

  bootFailed(): void {
    this.failedBoots++;
    this.#delay(FIRST_BOOT_DELAY, MAX_BOOT_DELAY, this.failedBoots);
  }

  bootSucceeded(): void {
    this.failedBoots = 0;
    this.#notBefore = 0;
  }

  /** @param wasUsed whether it had begun a call */
  workerLost(wasUsed: boolean): void {
    this.unused = wasUsed ? 0 : this.unused + 1;
    this.#losses++;
    if (this.#losses > 1) this.#delay(FIRST_LOSS_DELAY, MAX_LOSS_DELAY, this.#losses - 1);
  }

  callServed(): void {
    this.#losses = 0;
    this.unused = 0;
  }

  /** How long to wait still, in ms; 0: not at all. */
  get remaining(): number {
    return Math.max(0, this.#notBefore - performance.now());
  }

  #delay(first: number, most: number, times: number): void {
    const full = Math.min(most, first * 2 ** Math.min(times - 1, 20));
    this.#notBefore = performance.now() + full * (0.5 + Math.random() / 2);
  }
}
