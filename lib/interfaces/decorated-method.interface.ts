/**
 * A method that returns a promise, whatever its arguments.
 * @publicApi
 */
export type AsyncMethod = (...args: never[]) => Promise<unknown>;

/**
 * What `@RunInExecutor()` returns: a decorator for methods that return a promise.
 * @publicApi
 */
export type ExecutorMethodDecorator = <M extends AsyncMethod>(
  owner: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;
