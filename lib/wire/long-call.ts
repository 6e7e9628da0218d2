/**
 * A call that takes longer, in ms, is a long one: nothing may wait behind it while a worker is idle, and after it a worker lets
 * its event loop turn once, so that cancels are read.
 */
export const LONG_CALL = 1;
