import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ExecutorReferenceError } from '../errors/executor.errors.js';
import type { Reference } from './reference.js';
import { type Script, scriptMap } from './script-map.js';
import { clearTimeout, setTimeout } from '../node-timers.js';

type Target = (abstract new (...args: never[]) => unknown) | ((...args: never[]) => unknown);

/** A loaded file is imported in a moment; only one that is still being evaluated can take longer. In ms. */
const IMPORT_TIMEOUT = 5_000;

const require = createRequire(import.meta.url);

const located = new WeakMap<object, Promise<Reference>>();

/**
 * Turns a class or function into the file and export by which a worker finds it again, and verifies that
 * this export is the very target.
 * @param file the file that exports it, as a path or `file:` URL, where it cannot be found out
 * @returns rejects with ExecutorReferenceError, which says what to do. It has a `cause` where the target may be well
 *   exported, and only cannot be checked here.
 */
export function locate(target: Target, file?: string): Promise<Reference> {
  const known = located.get(target);
  if (known && file === undefined) return known;
  const reference = find(target, file);
  const keep = () => void located.set(target, reference);
  if (file === undefined) {
    keep();
    reference.catch(() => located.delete(target));
  } else {
    // If the file is the wrong one, who named none must not hear of it.
    reference.then(keep, () => {});
  }
  return reference;
}

/** Whether what `locate` rejected with leaves it open if the target is exported. */
export function isUncertain(error: unknown): boolean {
  return error instanceof Error && error.cause !== undefined;
}

async function find(target: Target, file: string | undefined): Promise<Reference> {
  const url = file === undefined ? urlOf(target) : toFileUrl(file);
  if (isEntry(url)) {
    throw new ExecutorReferenceError(
      `${nameOf(target)} lives in the application's entry file ${url}; importing that in a worker would ` +
        `start the application again. Move it to a file of its own and export it there. If it is in one, the ` +
        `application is bundled into its entry file: do not bundle it (nest-cli.json: "builder": "tsc", for Nest 11 "webpack": ` +
        `false), or let the bundle export it and start that from a small file of its own, or keep that file, and what it ` +
        `imports, out of the bundle.`,
    );
  }
  const where = file === undefined ? 'is defined in' : "is, says 'file', exported by";
  const namespace = await importWithin(url, `${nameOf(target)} ${where} ${url}`);
  const reference = findExport(namespace, target, url);
  if (reference) return reference;
  if (isOtherCopy(namespace, target)) {
    throw new ExecutorReferenceError(
      `${nameOf(target)} is not the one that ${url} exports to Node, but another copy of it (loaded by a test ` +
        `runner or a bundler), so it cannot be named to a worker. Use an inline pool there.`,
      { cause: new Error('the file is loaded twice') },
    );
  }
  throw new ExecutorReferenceError(
    `${nameOf(target)} is not exported by ${url}, where ${file === undefined ? 'it is defined' : "'file' says it is"}, ` +
      `so a worker cannot import it. ${cure(target)} If that file is a bundle, let it export what was bundled, or bundle that separately.`,
  );
}

/** @throws ExecutorReferenceError */
function urlOf(target: Target): string {
  let script: Script | undefined;
  try {
    script = scriptMap.scriptOf(target);
  } catch (cause) {
    throw new ExecutorReferenceError(
      `Where ${nameOf(target)} is defined cannot be found out here: ${(cause as Error).message.replace(/[.\s]+$/, '')}. ` +
        `Name a file that exports it, with the decorator or with(): { file: import.meta.url } (in CommonJS: { file: __filename }). ` +
        `What a decorated class needs, and a pool's context, must be exported by such a file, too.`,
      { cause },
    );
  }
  const url = script?.url;
  if (script && url?.startsWith('file:')) {
    if (isLoadedByNode(script)) return url;
    throw new ExecutorReferenceError(
      `${nameOf(target)} is defined in ${url}, but a test runner or a bundler evaluated that file in its own way, ` +
        `so that a worker, which imports it as Node does, might get another thing. Use an inline pool there, or ` +
        `export it from a file that Node imports itself. In Vitest, leave compiled files to Node: ` +
        `server: { deps: { external: [/\\/dist\\//] } }.`,
      { cause: new Error('the file was not loaded by Node itself') },
    );
  }
  throw new ExecutorReferenceError(
    `${nameOf(target)} is not defined in a file (${url ?? 'it is native, or bound with bind()'}), ` +
      `so a worker cannot import it. ${cure(target)}`,
  );
}

/** Test runners compile files as scripts of their own, which are neither modules nor known to `require`. */
function isLoadedByNode({ url, isModule }: Script): boolean {
  return isModule || Object.hasOwn(require.cache, fileURLToPath(url));
}

function cure(target: Target): string {
  const [what, advice] = isClass(target)
    ? ['class', '']
    : [
        'function',
        '. Pass what a closure captures as an argument, decorate methods with @RunInExecutor, and call what is ' +
          "Node's own from a function of yours",
      ];
  return (
    `Export the ${what} from a file, by name or as default, and pass that very ${what}${advice}. If another file exports ` +
    `it, name that: { file: import.meta.url } there (in CommonJS: __filename).`
  );
}

/** @param subject how an error begins: what is where */
async function importWithin(url: string, subject: string): Promise<object> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new ExecutorReferenceError(
          `${subject}, which is still being evaluated (a top-level await?), so that it cannot be checked. ` +
            `Move it to a file of its own.`,
        ),
      );
    }, IMPORT_TIMEOUT);
  });
  try {
    return await Promise.race([import(url) as Promise<object>, late]);
  } catch (cause) {
    if (cause instanceof ExecutorReferenceError) throw cause;
    throw new ExecutorReferenceError(
      `${subject}, which Node cannot import: ${(cause as Error)?.message}${importCure(url)}`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Where files are compiled as they are loaded, a worker, which imports them, needs that, too. */
function importCure(url: string): string {
  // Jest makes a require() of our import(), which takes no URL.
  if (!/\.[cm]?tsx?$/.test(url) && process.env['JEST_WORKER_ID'] === undefined) return '';
  return (
    '. Workers import files as Node does: what hooks require() (ts-node, Jest) does not reach them. Compile the files ' +
    'first, use a loader that import() knows (tsx), or an inline pool.'
  );
}

/** Whether the file exports the same text under the same name. */
function isOtherCopy(namespace: object, target: Target): boolean {
  const exported: unknown = (namespace as Record<string, unknown>)[target.name];
  return typeof exported === 'function' && exported.toString() === target.toString();
}

function findExport(namespace: object, target: Target, file: string): Reference | undefined {
  const exportName = keyOf(namespace, target);
  if (exportName !== undefined) return { file, exportName };
  const fallback = Object.getOwnPropertyDescriptor(namespace, 'default')?.value as unknown;
  if ((typeof fallback !== 'object' && typeof fallback !== 'function') || fallback === null) return undefined;
  const member = keyOf(fallback, target);
  return member === undefined ? undefined : { file, exportName: 'default', member };
}

/** The property that holds the target: the one of its own name, if several do. */
function keyOf(holder: object, target: Target): string | undefined {
  let found: string | undefined;
  for (const key of Object.keys(holder)) {
    // Newer Nodes show a CommonJS file's whole exports under this name as well.
    if (key === 'module.exports') continue;
    const value: unknown = Object.getOwnPropertyDescriptor(holder, key)?.get
      ? safeGet(holder, key)
      : (holder as Record<string, unknown>)[key];
    if (value !== target) continue;
    if (key === target.name) return key;
    found ??= key;
  }
  return found;
}

/** TypeScript's CommonJS re-exports are getters. */
function safeGet(holder: object, key: string): unknown {
  try {
    return (holder as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function toFileUrl(file: string): string {
  return file.startsWith('file:') ? file : pathToFileURL(isAbsolute(file) ? file : resolvePath(file)).href;
}

function isEntry(url: string): boolean {
  const [, entry] = process.argv;
  if (entry === undefined || !url.startsWith('file:')) return false;
  const path = fileURLToPath(url);
  if (path === entry) return true;
  try {
    // `node .` and `node dist/main` name a folder, or leave the extension out.
    return realpathSync(path) === realpathSync(require.resolve(entry));
  } catch {
    return false;
  }
}

function isClass(target: object): boolean {
  return typeof target === 'function' && /^class\b/.test(Function.prototype.toString.call(target));
}

function nameOf(target: Target): string {
  const what = isClass(target) ? 'Class' : 'Function';
  return typeof target.name === 'string' && target.name !== ''
    ? `${what} '${target.name}'`
    : `An anonymous ${what.toLowerCase()}`;
}
