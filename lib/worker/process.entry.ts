import { Socket } from 'node:net';
import { markAsWorker } from './is-executor-worker.js';
import { guardAgainstOrphanage } from './orphan-guard.js';

const PIPE = 3;
const MARKS = 4;

/** Signals to the whole group (Ctrl-C, systemd) reach the parent too, which decides: a worker obeys its pipe. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

markAsWorker();
const [parent, hasMarks] = process.argv.slice(2);
process.argv.length = 2;
guardAgainstOrphanage(Number(parent));

// Only now: whatever is loaded from here on must know that it is in a worker.
const { FileMarks } = await import('../wire/marks.js');
const { PipeChannel } = await import('../wire/pipe.channel.js');
const { Session } = await import('./session.js');
const channel = new PipeChannel(new Socket({ fd: PIPE }), PIPE);
const marks = hasMarks === 'marks' ? new FileMarks(MARKS) : undefined;
new Session(channel, marks, (exitCode) => process.exit(exitCode)).open();
