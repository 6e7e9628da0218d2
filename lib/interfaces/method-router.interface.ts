import type { AsyncMethod, DecoratedMethod } from '../decorators/decorated-method.js';

/** What decorated methods are injected with: sends a call on its way. */
export interface MethodRouter {
  /** @param below the function whose callers the error's stack should show */
  route(
    instance: object,
    method: DecoratedMethod,
    args: readonly unknown[],
    below: AsyncMethod,
  ): Promise<unknown>;
}
