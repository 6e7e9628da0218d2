/**
 * A method that returns a promise, whatever it takes.
 * @publicApi
 */
export type AsyncMethod = (...args: never[]) => Promise<unknown>;

/**
 * What `@RunInExecutor()` makes: a decorator of methods that return a promise.
 * @publicApi
 */
export type ExecutorMethodDecorator = <M extends AsyncMethod>(
  owner: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;
