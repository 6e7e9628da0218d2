/**
 * A method that returns a promise, whatever its arguments.
 * @publicApi
 */
export type AsyncMethod = (...args: never[]) => Promise<unknown>;

/** A static method's owner is the class itself. */
type NotStatic<O> = O extends abstract new (...args: never[]) => unknown ? never : unknown;

/**
 * What `@RunInExecutor()` returns: a decorator for methods that return a promise.
 * @publicApi
 */
export type ExecutorMethodDecorator = <M extends AsyncMethod, O extends object>(
  owner: O & NotStatic<O>,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;
