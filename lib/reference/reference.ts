/** Which export of which file: what crosses instead of a class or a function. */
export interface Reference {
  /** A `file:` URL. */
  readonly file: string;
  readonly exportName: string;
  /** Set where a CommonJS file's exports are seen only as properties of its default export. */
  readonly member?: string;
}

export function describeReference({ file, exportName, member }: Reference): string {
  return `export '${member ?? exportName}' of ${file}`;
}
