import 'reflect-metadata';

/** Nest's keys for guards, interceptors, pipes and filters on classes and methods (`@nestjs/common`, constants). */
const ENHANCER_KEYS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];
/** And for route arguments. */
const ROUTE_ARGUMENTS_KEY = '__routeArguments__';

/** Keys of what makes a class or method run by itself: cron jobs and the consumers of queues (constants of the packages). */
const TRIGGER_KEYS = [
  // @nestjs/schedule
  'SCHEDULER_TYPE',
  // @nestjs/bullmq
  'bullmq:processor_metadata',
  'bullmq:queue_events_listener_metadata',
  // @nestjs/bull
  'bull:module_queue',
  'bull:module_queue_process',
  'bull:module_on_queue_event',
];

const KEYS = [...ENHANCER_KEYS, ...TRIGGER_KEYS];

/**
 * Takes off a class, in a worker, what has no place there. Guards and the like: no request ever passes them, and Nest
 * would make instances of them all the same, and of what they need. Cron jobs and consumers: they would run once more in each
 * worker, if its context has what starts them.
 */
export function stripMetadata(target: object): void {
  for (const key of KEYS) Reflect.deleteMetadata(key, target);
  let prototype = (target as { prototype?: object | null }).prototype ?? null;
  for (; prototype && prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    const owner = prototype.constructor;
    for (const key of KEYS) Reflect.deleteMetadata(key, owner);
    for (const name of Object.getOwnPropertyNames(prototype)) {
      Reflect.deleteMetadata(ROUTE_ARGUMENTS_KEY, owner, name);
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      if (typeof method !== 'function') continue;
      for (const key of KEYS) Reflect.deleteMetadata(key, method);
    }
  }
}
