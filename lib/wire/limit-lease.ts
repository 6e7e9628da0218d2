import { clock } from '../node-timers.js';
import { type Marks, NO_SEQ } from './marks.js';

/** For calls that are known to take less, in ms, a worker may have a lease: reading the limit for each would cost a quarter of the call. */
export const LEASED_CALL = 0.1;

/** How long a worker begins such calls without reading the limit again, in ms. */
const LEASE = 0.5;

/** After so many ms a lease is over, for whoever waits for that. There is half a millisecond between them, as two processors read the clock. */
export const LEASE_OVER = 1;

/**
 * A worker's leave to begin calls without reading the limit anew (see Marks), which is a system call where marks lie in a file. The idea
 * is that of leases (Gray and Cheriton, 1989, https://doi.org/10.1145/74850.74870): whoever wants to take it back waits until it is over.
 *
 * It counts from when the call before was begun, not from when the limit was read. So a worker whose current call is known to have begun
 * `LEASE_OVER` ago reads the limit before it begins another one. Else that is sure `LEASE_OVER` after the limit was set.
 */
export class LimitLease {
  readonly #marks: Pick<Marks, 'getLimit'>;
  #since = -Infinity;
  #lastBegun = -Infinity;

  constructor(marks: Pick<Marks, 'getLimit'>) {
    this.#marks = marks;
  }

  /** To be asked for each such call, when all that was before it has been written. */
  getLimit(): number {
    const at = clock.now();
    const limit = at - this.#since < LEASE ? NO_SEQ : this.#renew();
    this.#lastBegun = at;
    return limit;
  }

  #renew(): number {
    const limit = this.#marks.getLimit();
    this.#since = limit === NO_SEQ ? this.#lastBegun : -Infinity;
    return limit;
  }
}
