/** The provider that decorated methods are injected with. Where it is missing, Nest's error shows its description. */
export const EXECUTOR_REGISTRY = Symbol.for(
  'ExecutorModule: import ExecutorModule.forRoot() in the root module',
);

/** Where a class of the application keeps it: on the prototype, so that every way of making an instance is served. */
export const REGISTRY_PROPERTY = Symbol.for('nestjs-executor.injected-registry');

/** On a prototype: its own decorated methods. */
export const DECORATED_METHODS = Symbol.for('nestjs-executor.decorated-methods');

export const DEFAULT_POOL = 'default';
