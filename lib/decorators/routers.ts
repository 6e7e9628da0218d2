import type { MethodRouter } from './method-router.js';
import { sharedState } from '../shared-state.js';

const routers = sharedState('routers', () => new WeakSet<object>());

/** A router's property that holds itself. */
const SELF = Symbol.for('nestjs-executor.router');

/** Each router registers itself here: tests that mock whatever is injected into a class put something else in its place. */
export function addRouter(router: MethodRouter): void {
  routers.add(router);
  // No proxy may show another value of what cannot change.
  Object.defineProperty(router, SELF, { value: router });
}

/** The router that this is, or that is behind it: an application may wrap all that Nest makes (`instrument.instanceDecorator`). */
export function routerOf(value: unknown): MethodRouter | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const router = routers.has(value) ? value : behind(value);
  return router && routers.has(router) ? (router as MethodRouter) : undefined;
}

function behind(value: object): object | undefined {
  try {
    return (value as { [SELF]?: object })[SELF];
  } catch {
    // A strict mock has only what it was told.
    return undefined;
  }
}
