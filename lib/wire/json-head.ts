import { type Bytes, viewCode, viewOver } from './views.js';

/** Comes before JSON of a list of places and the value without its views. Other JSON never begins with it. */
const WITH_PLACES = '@';

/** Where in the value a view belongs, behind its code: a path of keys and indices. */
type Place = readonly [code: number, ...path: (string | number)[]];

/** What was taken out of a value. */
interface Found {
  readonly views: Bytes[];
  /** As JSON, without the brackets around the list. */
  places: string;
}

/** A value as JSON, without the views in it. */
interface JsonHead {
  readonly head: string;
  readonly views: readonly Bytes[];
}

/**
 * JSON with the views taken out and a list of where they belong: much quicker than V8's format, for the
 * common case of a few buffers among plain values.
 */
export function encodeWithViews(value: unknown): JsonHead {
  const found: Found = { views: [], places: '' };
  const rest = JSON.stringify(withoutViews(value, '', found));
  return { head: `${WITH_PLACES}[[${found.places}],${rest}]`, views: found.views };
}

/** @param path as it stands in the list of places, a comma before each key */
function withoutViews(part: unknown, path: string, found: Found): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (ArrayBuffer.isView(part) || part instanceof ArrayBuffer) {
    found.views.push(part);
    found.places += `${found.places && ','}[${viewCode(part)}${path}]`;
    return null;
  }
  if (Array.isArray(part)) {
    const copy: unknown[] = part.slice();
    for (let index = 0; index < copy.length; index++) {
      const entry = copy[index];
      if (typeof entry === 'object') copy[index] = withoutViews(entry, `${path},${index}`, found);
    }
    return copy;
  }
  const entries = Object.entries(part).map(([key, entry]) => {
    return [key, withoutViews(entry, `${path},${JSON.stringify(key)}`, found)];
  });
  return Object.fromEntries(entries);
}

/** @throws if it is no head of ours, or does not fit its attachments */
export function decodeJson(head: string, attachments: readonly Uint8Array[]): unknown {
  if (!head.startsWith(WITH_PLACES)) return JSON.parse(head);
  const [places, rest] = JSON.parse(head.slice(WITH_PLACES.length)) as readonly [readonly Place[], unknown];
  let value = rest;
  for (let index = 0; index < places.length; index++) {
    const place = places[index] as Place;
    const bytes = attachments[index];
    if (!bytes) throw new Error('a view without its bytes');
    const view = viewOver(place[0], bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (place.length === 1) value = view;
    else put(value, place, view);
  }
  return value;
}

function put(value: unknown, place: Place, view: object): void {
  let owner = value as Record<string | number, unknown>;
  const last = place.length - 1;
  for (let at = 1; at < last; at++) owner = owner[place[at] as string | number] as typeof owner;
  // A property of its own is there already, even where its key is `__proto__`: assigning makes no other.
  owner[place[last] as string | number] = view;
}
