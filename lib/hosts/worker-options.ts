import type { ResourceLimits } from 'node:worker_threads';

/** The application's environment, and what the pool's `env` adds. */
export function workerEnv(added: Readonly<Record<string, string>> | undefined): NodeJS.ProcessEnv {
  return { ...process.env, ...added };
}

/** Options of the application's own that a child process must not share: they would open a port twice, or run the wrong thing. */
const UNSHARED = /^--(inspect|debug|watch|test|input-type)(-|=|$)/;

/** Those of them that take a value, which may be the next argument. */
const WITH_VALUE =
  /^--(inspect-port|debug-port|inspect-publish-uid|watch-path|watch-kill-signal|input-type|test-[a-z-]+)$/;

/** Those of these names that take none. */
const WITHOUT_VALUE = /^--test-(only|force-exit|update-snapshots|randomize)$/;

/** A script on the command line follows. */
const EVALUATES = /^(-e|--eval|-p|--print|-pe)$/;

/** As `child_process.fork` does: loaders and flags are handed on, but not a script given on the command line. */
export function inheritedExecArgv(): string[] {
  const options: string[] = [];
  for (let index = 0; index < process.execArgv.length; index++) {
    const option = process.execArgv[index] as string;
    if (EVALUATES.test(option)) {
      // Its value, or another one of these, which has that.
      if (!EVALUATES.test(process.execArgv[index + 1] ?? '')) index++;
    } else if (!/^--(eval|print)=/.test(option)) options.push(option);
  }
  return onlyShared(options);
}

/** @param text Node's options as one text: between spaces, and only those; one that holds such is in quotes */
export function sharedNodeOptions(text: string): string {
  return onlyShared(text.match(/(?:"(?:\\[^]|[^"\\])*"|[^ ])+/g) ?? []).join(' ');
}

function onlyShared(options: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < options.length; index++) {
    const option = options[index] as string;
    // Node takes underscores as well.
    const name = option.replaceAll('"', '').replaceAll('_', '-');
    if (!UNSHARED.test(name)) kept.push(option);
    else if (WITH_VALUE.test(name) && !WITHOUT_VALUE.test(name)) index++;
  }
  return kept;
}

/** V8's flags for what `worker_threads` calls resource limits. */
export function v8Flags(limits: ResourceLimits | undefined): string[] {
  const flags: string[] = [];
  if (limits?.maxOldGenerationSizeMb) {
    flags.push(`--max-old-space-size=${Math.max(1, Math.floor(limits.maxOldGenerationSizeMb))}`);
  }
  // The young generation is three semi-spaces.
  if (limits?.maxYoungGenerationSizeMb) {
    flags.push(`--max-semi-space-size=${Math.max(1, Math.floor(limits.maxYoungGenerationSizeMb / 3))}`);
  }
  if (limits?.stackSizeMb) flags.push(`--stack-size=${Math.floor(limits.stackSizeMb * 1024)}`);
  return flags;
}
