import { ExecutorReferenceError } from '../errors/executor.errors.js';
import { describeReference, type Reference } from './reference.js';

/**
 * The worker's half of `locate`: imports the file and takes the export.
 * @param onBegin called when its turn comes
 * @returns rejects with what the import threw, or with ExecutorReferenceError where the file exports no such function
 */
export async function resolve(
  reference: Reference,
  onBegin?: () => void,
): Promise<(...args: unknown[]) => unknown> {
  const value = pick(await importInTurn(reference.file, onBegin), reference);
  if (typeof value === 'function') return value as (...args: unknown[]) => unknown;
  throw new ExecutorReferenceError(
    `A worker found no function as ${describeReference(reference)}, though the application did. Does the file ` +
      `export something else in a worker, or was it changed since the application started?`,
  );
}

/** What a loaded file exports under that name. */
export async function loadExport(reference: Reference): Promise<unknown> {
  return pick((await import(reference.file)) as object, reference);
}

/** A package's exports, in the turn of what else is to be loaded. */
export function importPackage(name: string): Promise<object> {
  return importInTurn(name);
}

function pick(namespace: object, { exportName, member }: Reference): unknown {
  const value = own(namespace, exportName);
  return member === undefined ? value : own(value, member);
}

const WAS_LOADED = ' was loaded)';
const TYPESCRIPT = /\.[cm]?tsx?$/;

let last: Promise<unknown> = Promise.resolve();
let goAhead: (() => void) | undefined;

/**
 * One import after the other: where a CommonJS file requires a module that is being imported at that moment,
 * Node refuses (`require(esm)`).
 */
function importInTurn(file: string, onBegin?: () => void): Promise<Record<string, unknown>> {
  const next = last.then(() => {
    onBegin?.();
    return importFile(file);
  });
  last = last.then(() => Promise.race([next.catch(() => {}), whenPassed()]));
  return next;
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(file)) as Record<string, unknown>;
  } catch (error) {
    // Of TypeScript whose types Node only strips, it says what it did not understand, but not where. The same error comes with each import.
    if (TYPESCRIPT.test(file) && isParseError(error) && !error.message.endsWith(WAS_LOADED)) {
      error.message += ` (as ${file}${WAS_LOADED}`;
    }
    throw error;
  }
}

/** Whether the code could not be read: what is thrown as it runs has been somewhere in it. */
function isParseError(error: unknown): error is SyntaxError {
  return error instanceof SyntaxError && !/^ +at (?!.*\bnode:)/m.test(error.stack ?? '');
}

function whenPassed(): Promise<void> {
  return new Promise((pass) => (goAhead = pass));
}

/** The import that is under way may never end: the next one goes ahead. */
export function waitNoLonger(): void {
  goAhead?.();
}

function own(holder: unknown, key: string): unknown {
  if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return undefined;
  return Object.hasOwn(holder, key) ? (holder as Record<string, unknown>)[key] : undefined;
}
