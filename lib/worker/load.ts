import { createRequire } from 'node:module';
import { types } from 'node:util';
import { isExecutorWorker } from './is-executor-worker.js';

const requireHere = createRequire(import.meta.url);

/** Options by which code of the application's own may stand between `import` and a file. */
const LOADERS = /(^|\s)--(import|loader|experimental-loader)(=|\s|$)/;

/**
 * Loads a module of this package, and all that it imports, such as Nest. Where Node can `require` ES modules, it
 * loads them that way: it takes a fifth less of a worker's start than `import()`, which waits for each file anew, and
 * gives the very same modules. (`npm run bench -- --case cold-start` compares it with importing Nest.)
 * @param file relative to this folder
 * @returns rejects with what the module threw
 */
export async function load<T>(file: string): Promise<T> {
  if (isTheSame()) {
    try {
      return requireHere(file) as T;
    } catch {
      // What it cannot load that way it imports; what failed fails again, and says why.
    }
  }
  return (await import(file)) as T;
}

/** Whether `require` gives what `import` gives: hooks, such as those of compilers, may make copies of modules. */
function isTheSame(): boolean {
  if (!process.features.require_module) return false;
  if (LOADERS.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '))) return false;
  try {
    const probe = requireHere('./is-executor-worker.js') as { isExecutorWorker?: unknown };
    return types.isModuleNamespaceObject(probe) && probe.isExecutorWorker === isExecutorWorker;
  } catch {
    return false;
  }
}
