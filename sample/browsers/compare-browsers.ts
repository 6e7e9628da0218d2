import type { CompatData, Identifier, SupportBlock } from '@mdn/browser-compat-data';

export interface Comparison {
  readonly release: string;
  readonly features: number;
  /** How many of the features each browser supports. */
  readonly supported: Readonly<Record<string, number>>;
  /** What the one browser lacks though all of the others in `ENGINES` support it. */
  readonly lacking: readonly string[];
}

/** One browser for each engine in use. */
const ENGINES = ['chrome', 'firefox', 'safari'];

export function compareBrowsers(document: Buffer, browser: string): Comparison {
  const { __meta, browsers, ...areas } = JSON.parse(document.toString('utf8')) as CompatData;
  const names = Object.keys(browsers);
  const others = ENGINES.filter((name) => name !== browser);
  const supported: Record<string, number> = {};
  const lacking: string[] = [];
  let features = 0;
  for (const [path, support] of featuresOf(areas)) {
    const supporters = new Set(names.filter((name) => isSupported(support, name)));
    for (const name of supporters) supported[name] = (supported[name] ?? 0) + 1;
    if (!supporters.has(browser) && others.every((name) => supporters.has(name))) lacking.push(path);
    features++;
  }
  return { release: __meta.version, features, supported, lacking };
}

function* featuresOf(
  branch: Readonly<Record<string, Identifier>>,
  path = '',
): Iterable<readonly [string, SupportBlock]> {
  for (const [key, below] of Object.entries(branch)) {
    if (key === '__compat') continue;
    const here = path === '' ? key : `${path}.${key}`;
    const { __compat: feature } = below;
    if (feature) yield [here, feature.support];
    yield* featuresOf(below, here);
  }
}

function isSupported(support: SupportBlock, browser: string): boolean {
  const statements = support[browser as keyof SupportBlock];
  // The latest release comes first.
  const latest = Array.isArray(statements) ? statements[0] : statements;
  if (!latest || latest.version_added === false || latest.version_added === 'preview') return false;
  return latest.version_removed === undefined && latest.flags === undefined;
}
