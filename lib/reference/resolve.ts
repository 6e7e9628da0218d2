import { ExecutorReferenceError } from '../errors/executor.errors.js';
import { describeReference, type Reference } from './reference.js';

/**
 * The worker's half of `locate`: imports the file and takes the export.
 * @returns rejects with what the import threw, or with ExecutorReferenceError where the file exports no such function
 */
export async function resolve(reference: Reference): Promise<(...args: unknown[]) => unknown> {
  const namespace = await importInTurn(reference.file);
  let value = own(namespace, reference.exportName);
  if (reference.member !== undefined) value = own(value, reference.member);
  if (typeof value === 'function') return value as (...args: unknown[]) => unknown;
  throw new ExecutorReferenceError(
    `A worker found no function as ${describeReference(reference)}, though the application did. Does the file ` +
      `export something else in a worker, or was it changed since the application started?`,
  );
}

let last: Promise<unknown> = Promise.resolve();

/**
 * One import after the other: where a CommonJS file requires a module that is being imported at that moment,
 * Node refuses (`require(esm)`).
 */
function importInTurn(file: string): Promise<Record<string, unknown>> {
  const next = last.then(() => import(file) as Promise<Record<string, unknown>>);
  last = next.catch(() => {});
  return next;
}

function own(holder: unknown, key: string): unknown {
  if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) return undefined;
  return Object.hasOwn(holder, key) ? (holder as Record<string, unknown>)[key] : undefined;
}
