import type { Session } from 'node:inspector';
import { isAbsolute } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

/** What Node's inspector says of a function: which script, and where in it. */
interface FunctionLocation {
  readonly scriptId: string;
}

/** A script that was loaded here. */
export interface Script {
  readonly url: string;
  readonly isModule: boolean;
}

interface InternalProperty {
  readonly name: string;
  readonly value?: { readonly value?: unknown };
}

/** For so long, in ms, a file that was not loaded is not looked for again. */
const MISS_TIME = 250;

const TARGET = Symbol.for('nestjs-executor.locate');

/**
 * Answers where functions were defined, and which files are loaded, by an inspector session inside this
 * thread. Only the map from script to URL needs the debugger, for some 20–55 ms; it is kept, and read again
 * when an unknown script is met.
 */
class ScriptMap {
  #session: Session | undefined;
  readonly #scripts = new Map<string, Script>();
  /** When files that are not loaded were last looked for: there are only as many as workers name. */
  readonly #missed = new Map<string, number>();

  /**
   * @returns the file that holds the function's text; `undefined` for bound and native functions
   * @throws where the inspector is not to be had (permission model)
   */
  scriptOf(target: object): Script | undefined {
    const scriptId = this.#scriptIdOf(target);
    if (scriptId === undefined) return undefined;
    if (!this.#scripts.has(scriptId)) this.#refresh();
    return this.#scripts.get(scriptId);
  }

  /** Whether a file is loaded here; never loads it. */
  isLoaded(url: string): boolean {
    if (this.#knows(url)) return true;
    const missedAt = this.#missed.get(url);
    if (missedAt !== undefined && performance.now() - missedAt < MISS_TIME) return false;
    this.#refresh();
    const isKnown = this.#knows(url);
    if (isKnown) this.#missed.delete(url);
    else this.#missed.set(url, performance.now());
    return isKnown;
  }

  #knows(url: string): boolean {
    for (const known of this.#scripts.values()) if (known.url === url) return true;
    return false;
  }

  #scriptIdOf(target: object): string | undefined {
    // A builtin's module object is the same everywhere, even where `globalThis` is a test runner's sandbox.
    const holder = process.getBuiltinModule('node:inspector') as unknown as Record<symbol, unknown>;
    holder[TARGET] = target;
    try {
      const { result } = this.#post<{ result: { objectId: string } }>('Runtime.evaluate', {
        expression: `process.getBuiltinModule('node:inspector')[Symbol.for('nestjs-executor.locate')]`,
      });
      const { internalProperties } = this.#post<{ internalProperties?: readonly InternalProperty[] }>(
        'Runtime.getProperties',
        { objectId: result.objectId, ownProperties: true },
      );
      this.#post('Runtime.releaseObject', { objectId: result.objectId });
      const location = internalProperties?.find((property) => property.name === '[[FunctionLocation]]');
      return (location?.value?.value as FunctionLocation | undefined)?.scriptId;
    } finally {
      delete holder[TARGET];
    }
  }

  #refresh(): void {
    this.#post('Debugger.enable');
    this.#post('Debugger.disable');
  }

  #post<T>(method: string, params: object = {}): T {
    let answer: T | undefined;
    // The answers of an in-process session come before post returns.
    this.#connect().post(method, params, (error, result) => {
      if (error) throw new Error(`the inspector refused ${method}: ${error.message}`);
      answer = result as T;
    });
    return answer as T;
  }

  #connect(): Session {
    if (this.#session) return this.#session;
    const { Session } = process.getBuiltinModule('node:inspector');
    const session = new Session();
    session.connect();
    session.on('Debugger.scriptParsed', ({ params }) => {
      const { scriptId, url, isModule } = params;
      if (url !== '') this.#scripts.set(scriptId, { url: normalise(url), isModule: isModule === true });
    });
    return (this.#session = session);
  }
}

/** CommonJS scripts are known by their path in some versions of Node. */
function normalise(url: string): string {
  return isAbsolute(url) ? pathToFileURL(url).href : url;
}

export const scriptMap = new ScriptMap();
