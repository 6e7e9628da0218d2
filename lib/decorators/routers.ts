import type { MethodRouter } from './method-router.js';
import { sharedState } from '../shared-state.js';

const routers = sharedState('routers', () => new WeakSet<object>());

/** Each router registers itself here: tests that mock whatever is injected into a class put something else in its place. */
export function addRouter(router: MethodRouter): void {
  routers.add(router);
}

export function isRouter(value: unknown): value is MethodRouter {
  return typeof value === 'object' && value !== null && routers.has(value);
}
