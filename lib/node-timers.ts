/**
 * Node's own, whatever a test's fake timers put in their place later: those run nothing before they are told to. What a user
 * sets in ms (see LateTimer) is left to them, as tests move that on.
 */
export const { setImmediate, clearImmediate, setTimeout, clearTimeout, queueMicrotask } = globalThis;
