import { Inject } from '@nestjs/common';
import { getExecutorToken } from '../executor.tokens.js';

/**
 * Injects a pool as an `Executor`.
 * @param pool the pool's name; default: the module's `default`, else the pool called `default`, else the only pool
 * @publicApi
 */
export function InjectExecutor(pool?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getExecutorToken(pool));
}
