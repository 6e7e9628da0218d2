import { createRequire } from 'node:module';
import { startOptions } from '../wire/node-options.js';

const requireHere = createRequire(import.meta.url);

/** Options of Node by which something of the application's own is loaded before this. */
const PRELOADS =
  /(^|[\s"])(-r|--require|--import|--loader|--experimental-loader|--(experimental-)?(default-)?config-file)(["=\s]|$)/;

/** What Piscina has loaded in a thread, to load this. */
const PISCINA = /[\\/]piscina[\\/]/;

/** They print a warning where this package is required from outside of a `node_modules`. */
const WARNING_VERSIONS = /^v(22\.1[0-2]|23\.[0-4])\./;

/** Decided once, as what was loaded this way is in the way itself. */
const requires = mayRequire();

/**
 * Loads a module of this package, and all that it imports, such as Nest. Where Node can `require` ES modules, it
 * loads them that way: it takes a fifth less of a worker's start than `import()`, which waits for each file anew, and
 * gives the very same modules. (`npm run bench -- --case cold-start` compares it with importing Nest.)
 * @param file relative to this folder
 * @returns rejects with what the module threw
 */
export async function load<T>(file: string): Promise<T> {
  if (requires) {
    try {
      return requireHere(file) as T;
    } catch (error) {
      // Something waits at its top level: Node has noticed that before it ran anything. After other errors it cannot import the same.
      if ((error as NodeJS.ErrnoException | undefined)?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    }
  }
  return (await import(file)) as T;
}

/** What a package exports, had at once; `undefined` where that cannot be, or not now, as it is being imported. */
export function requireAtOnce(name: string): object | undefined {
  try {
    return requires ? (requireHere(name) as object) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Not where anything was loaded before: hooks, of `require` or `import`, may make copies of modules or see only what is imported; and what
 * still is imported at that moment, Node refuses to require.
 */
function mayRequire(): boolean {
  if (!process.features.require_module || WARNING_VERSIONS.test(process.version)) return false;
  // A preloaded file may have taken NODE_OPTIONS away, so that others do not load it.
  if (Object.keys(requireHere.cache).some((file) => !PISCINA.test(file))) return false;
  return !PRELOADS.test(startOptions());
}
