/**
 * A method that returns a promise, whatever its arguments.
 * @publicApi
 */
export type AsyncMethod = (...args: never[]) => Promise<unknown>;

/** What has instances' methods; a static method's owner is the class itself, which has a prototype. */
type Prototype = object & { readonly prototype?: never };

/**
 * What `@RunInExecutor()` returns: a decorator for methods that return a promise.
 * @publicApi
 */
export type ExecutorMethodDecorator = <M extends AsyncMethod>(
  owner: Prototype,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;
