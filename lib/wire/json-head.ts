import { type Bytes, viewCode, viewOver } from './views.js';

/** JSON never begins with it. */
const PLACES = '@';

/** Where in the value a view belongs, behind its code: a path of keys and indices. */
type Place = readonly [code: number, ...path: (string | number)[]];

/** A value as JSON, without the views in it. */
export interface JsonHead {
  readonly head: string;
  readonly views: readonly Bytes[];
}

/**
 * JSON with the views taken out and a list of where they belong: much quicker than V8's format, for the
 * common case of a few buffers among plain values.
 */
export function encodeWithViews(value: unknown): JsonHead {
  const views: Bytes[] = [];
  const places: Place[] = [];
  const withoutViews = (part: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    if (ArrayBuffer.isView(part) || part instanceof ArrayBuffer) {
      views.push(part);
      places.push([viewCode(part), ...path]);
      return null;
    }
    if (Array.isArray(part)) return part.map((entry, index) => withoutViews(entry, [...path, index]));
    const entries = Object.entries(part).map(([key, entry]) => [key, withoutViews(entry, [...path, key])]);
    return Object.fromEntries(entries);
  };
  const rest = JSON.stringify(withoutViews(value, []));
  return { head: `${PLACES}${JSON.stringify(places)}\n${rest}`, views };
}

/** @throws if it is no head of ours, or does not fit its attachments */
export function decodeJson(head: string, attachments: readonly Uint8Array[]): unknown {
  if (!head.startsWith(PLACES)) return JSON.parse(head);
  const end = head.indexOf('\n');
  const places = JSON.parse(head.slice(1, end)) as Place[];
  let value: unknown = JSON.parse(head.slice(end + 1));
  places.forEach(([code, ...path], index) => {
    const bytes = attachments[index];
    if (!bytes) throw new Error('a view without its bytes');
    const view = viewOver(code, bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const key = path.pop();
    if (key === undefined) value = view;
    else put(find(value, path), key, view);
  });
  return value;
}

function find(value: unknown, path: readonly (string | number)[]): object {
  let found = value as Record<string | number, unknown>;
  for (const key of path) found = found[key] as typeof found;
  return found;
}

/** Not by assignment, as a key may be `__proto__`. */
function put(owner: object, key: string | number, value: object): void {
  Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
}
