import { Stream } from 'node:stream';
import { types } from 'node:util';

/** Deeper values are refused in every kind, as V8's own limit depends on the thread's stack (about 5,000 levels). */
export const MAX_DEPTH = 1_000;

/** Beyond this length an array is not checked for extra properties, and so is not sent as JSON. */
const JSON_ARRAY_LENGTH = 256;

/** Up to here a list is searched faster than a set. */
const SEEN_LIST_LENGTH = 16;

/** Why a value cannot be sent, and where inside it that was found. */
export interface Refusal {
  readonly path: string;
  readonly why: string;
}

/**
 * One walk over a value before it is encoded: finds what cannot be sent and names its place, whether JSON
 * would be exact, and what in it needs a way of its own.
 */
export class Survey {
  json = true;
  /** There are errors or shared memory in it, which V8 cannot copy as we want it. */
  needsMarks = false;
  /** JSON would be exact but for these. */
  hasViews = false;
  #list: object[] = [];
  #set: Set<object> | undefined;

  /** @param sharesMemory whether shared memory can be passed */
  constructor(readonly sharesMemory = false) {}

  visit(value: unknown, depth = 0): Refusal | undefined {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return undefined;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.json = false;
        return undefined;
      case 'undefined':
      case 'bigint':
        this.json = false;
        return undefined;
      case 'function':
        return refuse(`a function (${value.name || 'anonymous'}) cannot be copied`);
      case 'symbol':
        return refuse('a symbol cannot be copied');
      default:
        return value === null ? undefined : this.#visitObject(value as object, depth);
    }
  }

  #visitObject(value: object, depth: number): Refusal | undefined {
    if (this.#isKnown(value)) {
      this.json = false;
      return undefined;
    }
    if (depth >= MAX_DEPTH) return refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    if (types.isProxy(value)) return refuse('a Proxy cannot be copied');
    if (Array.isArray(value)) return this.#visitArray(value as unknown[], depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      if (obeysToJson(value)) this.json = false;
      return this.#visitProperties(value, depth);
    }
    if (ArrayBuffer.isView(value)) return this.#visitMemory(value.buffer);
    if (types.isAnyArrayBuffer(value)) {
      if (types.isSharedArrayBuffer(value)) this.needsMarks = true;
      return this.#visitMemory(value);
    }
    this.json = false;
    if (isError(value)) {
      this.needsMarks = true;
      return undefined;
    }
    if (value instanceof Map) return this.#visitMap(value, depth);
    if (value instanceof Set) return this.#visitSet(value, depth);
    if (isCloneable(value)) return undefined;
    return refuseByClass(value) ?? this.#visitProperties(value, depth);
  }

  #visitArray(value: readonly unknown[], depth: number): Refusal | undefined {
    if (
      value.length > JSON_ARRAY_LENGTH ||
      Object.getPrototypeOf(value) !== Array.prototype ||
      obeysToJson(value)
    ) {
      this.json = false;
    }
    if (value.length <= JSON_ARRAY_LENGTH && Object.keys(value).length !== value.length) {
      this.json = false;
      return this.#visitProperties(value, depth);
    }
    for (let index = 0; index < value.length; index++) {
      const entry = value[index];
      // A hole: there may be billions of them.
      if (entry === undefined && !(index in value)) {
        this.json = false;
        return this.#visitProperties(value, depth);
      }
      const refusal = this.visit(entry, depth + 1);
      if (refusal) return { path: `[${index}]${refusal.path}`, why: refusal.why };
    }
    return undefined;
  }

  #visitProperties(value: object, depth: number): Refusal | undefined {
    for (const key of Object.keys(value)) {
      let property: unknown;
      try {
        property = (value as Record<string, unknown>)[key];
      } catch (error) {
        return { path: `.${key}`, why: `its getter threw ${describe(error)}` };
      }
      const refusal = this.visit(property, depth + 1);
      if (refusal) return { path: `.${key}${refusal.path}`, why: refusal.why };
    }
    return undefined;
  }

  #visitMemory(memory: ArrayBufferLike): Refusal | undefined {
    if (!types.isSharedArrayBuffer(memory)) {
      this.hasViews = true;
      return undefined;
    }
    this.json = false;
    return this.sharesMemory ? undefined : refuse(SHARED);
  }

  #visitMap(value: ReadonlyMap<unknown, unknown>, depth: number): Refusal | undefined {
    for (const [key, entry] of value) {
      const refusal = this.visit(key, depth + 1) ?? this.visit(entry, depth + 1);
      if (refusal) return { path: `.get(${describe(key)})${refusal.path}`, why: refusal.why };
    }
    return undefined;
  }

  #visitSet(value: ReadonlySet<unknown>, depth: number): Refusal | undefined {
    for (const entry of value) {
      const refusal = this.visit(entry, depth + 1);
      if (refusal) return { path: `{set}${refusal.path}`, why: refusal.why };
    }
    return undefined;
  }

  #isKnown(value: object): boolean {
    if (this.#set) {
      if (this.#set.has(value)) return true;
      this.#set.add(value);
      return false;
    }
    if (this.#list.includes(value)) return true;
    this.#list.push(value);
    if (this.#list.length > SEEN_LIST_LENGTH) this.#set = new Set(this.#list);
    return false;
  }
}

/** Whether what arrives of an object, if it can be sent, is its properties; of this realm or another. */
export function isMadeOfProperties(value: object): boolean {
  if (types.isProxy(value)) return false;
  if (Array.isArray(value)) return true;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return false;
  if (isError(value) || types.isMap(value) || types.isSet(value) || isCloneable(value)) return false;
  return refuseByClass(value) === undefined;
}

const PLAIN: ReadonlySet<string> = new Set(['[object Object]', '[object Arguments]']);

/** Whether it is no more than its properties: what is has a name of its own from the platform, though classes of users may name theirs, too. */
export function isPlain(value: object): boolean {
  if (Array.isArray(value) || PLAIN.has(Object.prototype.toString.call(value))) return true;
  if (types.isKeyObject(value) || types.isCryptoKey(value) || types.isModuleNamespaceObject(value))
    return false;
  let hasOwnName = Object.hasOwn(value, Symbol.toStringTag);
  for (let above = prototypeOf(value); above && prototypeOf(above); above = prototypeOf(above)) {
    const made: unknown = Object.getOwnPropertyDescriptor(above, 'constructor')?.value;
    if (typeof made !== 'function') continue;
    if (isNative(made)) return false;
    hasOwnName ||= Object.hasOwn(above, Symbol.toStringTag);
  }
  return hasOwnName;
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

function isNative(fn: unknown): boolean {
  return Function.prototype.toString.call(fn).endsWith('[native code] }');
}

/** Even one that is not enumerable, and so is no property that is sent. */
function obeysToJson(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

const SHARED = 'a SharedArrayBuffer can be shared with threads only; pass an ArrayBuffer, which is copied';

/** Classes whose instances V8 would turn into `{}` without a word: their state is not in properties. */
const STATEFUL_CLASSES: ReadonlySet<string> = new Set([
  'AbortController',
  'Blob',
  'BroadcastChannel',
  'ByteLengthQueuingStrategy',
  'CompressionStream',
  'CountQueuingStrategy',
  'CryptoKey',
  'DecompressionStream',
  'Event',
  'EventTarget',
  'File',
  'FormData',
  'Headers',
  'MessageChannel',
  'MessagePort',
  'ReadableStream',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'TransformStream',
  'URL',
  'URLSearchParams',
  'WritableStream',
]);

function refuseByClass(value: object): Refusal | undefined {
  if (value instanceof AbortSignal) {
    return refuse('an AbortSignal arrives alive only as an argument of its own');
  }
  if (value instanceof Stream) return refuse(streamAdvice(value));
  if (types.isPromise(value)) return refuse('a Promise cannot be copied; await it first');
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) {
    return refuse(`a ${value.constructor.name} cannot be copied`);
  }
  for (const name of classNames(value)) {
    if (name === 'StreamableFile') {
      return refuse(
        'a StreamableFile cannot be copied; return its bytes, and make one of them in the application',
      );
    }
    if (STATEFUL_CLASSES.has(name) && isGlobalClass(name, value)) {
      return refuse(
        `a ${name} would arrive as an empty object; pass what you need of it (a string, bytes, a plain object, its signal)`,
      );
    }
  }
  return undefined;
}

const HTTP_STREAMS: ReadonlySet<string> = new Set(['IncomingMessage', 'OutgoingMessage']);

function streamAdvice(stream: Stream): string {
  return classNames(stream).some((name) => HTTP_STREAMS.has(name))
    ? 'a request or response cannot be copied; pass what you need of it (`@Body()`, `@Param()` and the like)'
    : 'a stream cannot be copied; pass its file, or what was read';
}

/** Of its class first, then of those above it. */
function classNames(value: object): string[] {
  const names: string[] = [];
  for (let prototype: object | null = value; prototype; prototype = Object.getPrototypeOf(prototype)) {
    const own = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof own === 'function') names.push(own.name);
  }
  return names;
}

function isGlobalClass(name: string, value: object): boolean {
  const known = (globalThis as Record<string, unknown>)[name];
  return typeof known === 'function' && value instanceof known;
}

function isCloneable(value: object): boolean {
  return (
    types.isDate(value) ||
    types.isRegExp(value) ||
    (types.isBoxedPrimitive(value) && !types.isSymbolObject(value))
  );
}

function refuse(why: string): Refusal {
  return { path: '', why };
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return isError(value) ? value.name : typeof value;
}
