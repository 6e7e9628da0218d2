import type { DecoratedMethod } from './decorated-method.js';

/** Injected into classes with decorated methods: sends a call on its way. */
export interface MethodRouter {
  route(instance: object, method: DecoratedMethod, args: readonly unknown[]): Promise<unknown>;
}
