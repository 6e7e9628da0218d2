import type { Contender, Kind } from './contender.js';

/** A contender as a table names it. Its packages are imported only where it runs. */
export interface Entry {
  readonly name: string;
  readonly kind: Kind;
  /** How it was set up. */
  readonly note: string;
  /** Another one, tuned for many calls at once: alone, or idle, there is no difference. */
  readonly isVariant?: boolean;
  readonly load: () => Promise<Contender>;
}

export const OURS_THREAD = 'nestjs-executor thread';
export const OURS_PROCESS = 'nestjs-executor process';
export const RAW_THREAD = 'raw port';
export const RAW_FORK = 'raw fork';
export const RAW_THREAD_NEST = 'raw port, Nest loaded';
export const RAW_FORK_NEST = 'raw fork, Nest loaded';
export const PISCINA = 'piscina';
export const PISCINA_NEST = 'piscina, Nest loaded';
export const TINYPOOL_PROCESS = 'tinypool process';
export const TINYPOOL_PROCESS_64 = 'tinypool process, 64 a worker';
export const WORKERPOOL_PROCESS = 'workerpool process';
export const BARE_THREAD = 'bare Nest import, thread';
export const BARE_PROCESS = 'bare Nest import, process';

const FUNCTIONS_NOTE = "a function, in a pool that only runs such: 'context' is false";
const OURS_NOTE = 'a decorated method in a Nest application context, default settings';

export const CONTENDERS: readonly Entry[] = [
  {
    name: OURS_THREAD,
    kind: 'thread',
    note: OURS_NOTE,
    load: async () => new (await import('./executor.contender.js')).ExecutorContender('thread'),
  },
  {
    name: OURS_PROCESS,
    kind: 'process',
    note: OURS_NOTE,
    load: async () => new (await import('./executor.contender.js')).ExecutorContender('process'),
  },
  {
    name: RAW_THREAD,
    kind: 'thread',
    note: 'worker_threads, a MessageChannel and a map from id to resolver: no pool, the floor for threads',
    load: async () => new (await import('./raw-thread.contender.js')).RawThreadContender(),
  },
  {
    name: RAW_FORK,
    kind: 'process',
    note: "child_process.fork with serialization 'advanced' and the same map: no pool, the floor for processes",
    load: async () => new (await import('./raw-fork.contender.js')).RawForkContender(),
  },
  {
    name: PISCINA,
    kind: 'thread',
    note: 'defaults',
    load: async () => new (await import('./piscina.contender.js')).PiscinaContender(),
  },
  {
    name: 'piscina, 64 a worker',
    kind: 'thread',
    note: 'concurrentTasksPerWorker 64 and its FixedQueue',
    isVariant: true,
    load: async () => new (await import('./piscina.contender.js')).PiscinaContender({ perWorker: 64 }),
  },
  {
    name: 'tinypool thread',
    kind: 'thread',
    note: 'worker_threads, defaults',
    load: async () => new (await import('./tinypool.contender.js')).TinypoolContender('thread'),
  },
  {
    name: TINYPOOL_PROCESS,
    kind: 'process',
    note: "child_process, defaults; serialization 'advanced' for Buffers",
    load: async () => new (await import('./tinypool.contender.js')).TinypoolContender('process'),
  },
  {
    name: TINYPOOL_PROCESS_64,
    kind: 'process',
    note: 'the same with concurrentTasksPerWorker 64',
    isVariant: true,
    load: async () => new (await import('./tinypool.contender.js')).TinypoolContender('process', 64),
  },
  {
    name: 'workerpool thread',
    kind: 'thread',
    note: 'a dedicated worker script',
    load: async () => new (await import('./workerpool.contender.js')).WorkerpoolContender('thread'),
  },
  {
    name: WORKERPOOL_PROCESS,
    kind: 'process',
    note: "a dedicated worker script; forkOpts.serialization 'advanced' for Buffers",
    load: async () => new (await import('./workerpool.contender.js')).WorkerpoolContender('process'),
  },
  {
    name: 'poolifier thread',
    kind: 'thread',
    note: 'FixedThreadPool, defaults (no queue: all calls go to the workers at once)',
    load: async () => new (await import('./poolifier.contender.js')).PoolifierContender(),
  },
];

/** Those that differ where one call is made, or none. */
export const DISTINCT: readonly Entry[] = CONTENDERS.filter(({ isVariant }) => !isVariant);

/** Ours with workers that need no Nest: where it makes a difference. */
export const FUNCTIONS_ONLY: readonly Entry[] = [
  {
    name: 'nestjs-executor thread, functions only',
    kind: 'thread',
    note: FUNCTIONS_NOTE,
    load: async () => new (await import('./functions.contender.js')).FunctionsContender('thread'),
  },
  {
    name: 'nestjs-executor process, functions only',
    kind: 'process',
    note: FUNCTIONS_NOTE,
    load: async () => new (await import('./functions.contender.js')).FunctionsContender('process'),
  },
];

/** Not pools, but what a worker with Nest in it costs at the least. */
export const BARE_NEST: readonly Entry[] = [
  {
    name: BARE_THREAD,
    kind: 'thread',
    note: "a Worker that does nothing but import('@nestjs/core') and import('@nestjs/common')",
    load: async () => new (await import('./bare-nest.contender.js')).BareNestContender('thread'),
  },
  {
    name: BARE_PROCESS,
    kind: 'process',
    note: 'a child process that does the same',
    load: async () => new (await import('./bare-nest.contender.js')).BareNestContender('process'),
  },
];

/**
 * The raw channels and piscina where they would be used: V8 collects garbage more often, and for longer, in a heap with Nest in
 * it, and each buffer that comes in counts.
 */
export const BESIDE_NEST: readonly Entry[] = [
  {
    name: RAW_THREAD_NEST,
    kind: 'thread',
    note: 'the raw port, in a process that has loaded Nest, as its thread has',
    load: async () => new (await import('./raw-thread.contender.js')).RawThreadContender(true),
  },
  {
    name: RAW_FORK_NEST,
    kind: 'process',
    note: 'the raw fork, in a process that has loaded Nest, as its child has',
    load: async () => new (await import('./raw-fork.contender.js')).RawForkContender(true),
  },
  {
    name: PISCINA_NEST,
    kind: 'thread',
    note: 'the same for piscina with its defaults',
    load: async () => new (await import('./piscina.contender.js')).PiscinaContender({ besideNest: true }),
  },
];

/** All that can be measured. */
export const ENTRIES: readonly Entry[] = [...CONTENDERS, ...BESIDE_NEST, ...FUNCTIONS_ONLY, ...BARE_NEST];

export function isOurs(name: string): boolean {
  return name === OURS_THREAD || name === OURS_PROCESS;
}

export function rawOf(kind: Kind): string {
  return kind === 'thread' ? RAW_THREAD : RAW_FORK;
}

/** @throws if no contender is called so */
export function findEntry(name: string | undefined): Entry {
  const entry = ENTRIES.find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`no contender is called '${name}'`);
  return entry;
}
