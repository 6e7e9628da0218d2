import { Socket } from 'node:net';
import { markAsWorker } from './is-executor-worker.js';
import { guardAgainstOrphanage } from './orphan-guard.js';

const PIPE = 3;
/** This worker's memory file: its marks and results. */
const MEMORY = 4;
/** The pool's memory file: the arguments of calls. */
const ARGUMENTS = 5;

/** Signals to the whole group (Ctrl-C, systemd) reach the parent too, which decides: a worker obeys its pipe. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

markAsWorker();
const [parent, fileBytes] = process.argv.slice(2).map(Number);
process.argv.length = 2;
guardAgainstOrphanage(parent as number);

// Only now: whatever is loaded from here on must know that it is in a worker.
const { HeapStore } = await import('../wire/attachments.js');
const { readRegion } = await import('../wire/file.store.js');
const { FileMarks } = await import('../wire/marks.js');
const { FileCells } = await import('../wire/memory-file.js');
const { PipeChannel } = await import('../wire/pipe.channel.js');
const { ResultStore } = await import('../wire/result.store.js');
const { Session } = await import('./session.js');
const cells = fileBytes ? new FileCells(MEMORY) : undefined;
const channel = new PipeChannel(new Socket({ fd: PIPE }), {
  fd: PIPE,
  // Where there is less than was said, the call was taken back meanwhile, and will not begin.
  takeRegion: cells && ((region) => readRegion(ARGUMENTS, region)[0]),
});
const marks = cells && new FileMarks(cells);
const store = cells ? new ResultStore(cells, fileBytes as number) : new HeapStore();
new Session(channel, marks, store, (exitCode) => process.exit(exitCode)).open();
