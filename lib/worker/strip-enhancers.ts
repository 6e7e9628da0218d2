import 'reflect-metadata';

/**
 * Nest's keys for guards, interceptors, pipes and filters on classes and methods, and for route arguments
 * (`@nestjs/common`, constants).
 */
const ENHANCER_KEYS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];
const ROUTE_ARGUMENTS_KEY = '__routeArguments__';

/**
 * Takes guards and the like off a class, in a worker, where no request ever passes them. Nest would make
 * instances of them all the same, and of what they need.
 */
export function stripEnhancers(target: object): void {
  for (const key of ENHANCER_KEYS) Reflect.deleteMetadata(key, target);
  let prototype = (target as { prototype?: object | null }).prototype ?? null;
  for (; prototype && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    const owner = prototype.constructor;
    for (const key of ENHANCER_KEYS) Reflect.deleteMetadata(key, owner);
    for (const name of Object.getOwnPropertyNames(prototype)) {
      Reflect.deleteMetadata(ROUTE_ARGUMENTS_KEY, owner, name);
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      if (typeof method !== 'function') continue;
      for (const key of ENHANCER_KEYS) Reflect.deleteMetadata(key, method);
    }
  }
}
