import { SharedErrorClasses } from '../reference/error-classes.js';
import { PostedStore, takeOutOfMemory } from '../wire/attachments.js';
import { Codec } from '../wire/codec.js';
import { MOST_BETWEEN_THREADS } from '../wire/early-collection.js';
import { MemoryMarks } from '../wire/marks.js';
import { PortChannel } from '../wire/port.channel.js';
import { ResultRing } from '../wire/result.ring.js';
import { Session } from './session.js';
import type { ThreadStart } from './thread.entry.js';

/** Opens the session and returns: the session lives on its port until the thread ends. */
export function openThreadSession({ port, marks, ring, hasNest }: ThreadStart): void {
  const channel = new PortChannel(port, { writes: new ResultRing(ring) });
  const codec = new Codec(new SharedErrorClasses(), MOST_BETWEEN_THREADS);
  const store = new PostedStore();
  new Session(channel, new MemoryMarks(marks), store, takeOutOfMemory, codec).open(hasNest);
}
