/**
 * The options of Node's and V8's that this process, or thread, was started with: its own, and those of NODE_OPTIONS. As one text, and
 * with hyphens, for which both take underscores, too.
 */
export function startOptions(): string {
  return [...process.execArgv, process.env['NODE_OPTIONS']].join(' ').replaceAll('_', '-');
}
