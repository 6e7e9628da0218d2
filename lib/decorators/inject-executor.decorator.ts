import { Inject } from '@nestjs/common';
import { getExecutorToken } from '../executor.tokens.js';

/** The pools that classes want, of whatever application: one that does not have a pool says so itself, instead of Nest. */
export const injectedPools = new Set<string>();

/**
 * Injects a pool as an `Executor`.
 * @param pool the pool's name; default: the module's `default`, else the pool called `default`, else the only one
 * @publicApi
 */
export function InjectExecutor(pool?: string): ParameterDecorator & PropertyDecorator {
  if (pool !== undefined) injectedPools.add(pool);
  return Inject(getExecutorToken(pool));
}
