import type { MethodRouter } from './method-router.js';
import { sharedState } from '../shared-state.js';

const routers = sharedState('routers', () => new WeakSet<object>());

/** Each router says that it is one: tests that mock whatever a class is injected with put something else in its place. */
export function addRouter(router: MethodRouter): void {
  routers.add(router);
}

export function isRouter(value: unknown): value is MethodRouter {
  return typeof value === 'object' && value !== null && routers.has(value);
}
