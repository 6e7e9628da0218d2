import type { DecoratedMethod } from './decorated-method.js';

/** What decorated methods are injected with: sends a call on its way. */
export interface MethodRouter {
  route(instance: object, method: DecoratedMethod, args: readonly unknown[]): Promise<unknown>;
}
