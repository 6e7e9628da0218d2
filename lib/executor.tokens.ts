/**
 * The token under which a pool is provided, e.g. for `overrideProvider` in tests.
 * @param pool the pool's name; default: the token of the default pool
 * @publicApi
 */
export function getExecutorToken(pool?: string): string {
  return pool === undefined ? 'Executor' : `Executor:${pool}`;
}
