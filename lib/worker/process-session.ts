import { Socket } from 'node:net';
import { SharedErrorClasses } from '../reference/error-classes.js';
import { type Attachment, HeapStore, isFileRegion } from '../wire/attachments.js';
import { Codec } from '../wire/codec.js';
import { FileMarks } from '../wire/marks.js';
import { FileCells, readRegion } from '../wire/memory-file.js';
import { PipeChannel } from '../wire/pipe.channel.js';
import { ResultStore } from '../wire/result.store.js';
import { guardAgainstOrphanage } from './orphan-guard.js';
import { Session } from './session.js';

const PIPE = 3;
/** This worker's memory file: its marks and results. */
const MEMORY = 4;
/** The pool's memory file, if it has one, even where this worker has none: the arguments of calls. */
const ARGUMENTS = 5;

/**
 * @param parent the process that this one must not outlive
 * @param fileBytes how large this worker's memory file may become; 0: it has none
 * @param hasNest whether it will be a Nest application
 */
export function openProcessSession(parent: number, fileBytes: number, hasNest: boolean): void {
  // Before the application's code is loaded, which may block the event loop; till now nothing could.
  guardAgainstOrphanage(parent, PIPE);
  const cells = fileBytes > 0 ? new FileCells(MEMORY) : undefined;
  const channel = new PipeChannel(new Socket({ fd: PIPE }), { fd: PIPE, hasFile: true });
  const marks = cells && new FileMarks(cells);
  const store = cells ? new ResultStore(cells, fileBytes) : new HeapStore();
  const codec = new Codec(new SharedErrorClasses());
  new Session(channel, marks, store, takeOutOfFile, codec).open(hasNest);
}

function takeOutOfFile(attachments: readonly Attachment[]): readonly Attachment[] {
  return attachments.map((attachment) => {
    return isFileRegion(attachment) ? readRegion(ARGUMENTS, attachment) : attachment;
  });
}
