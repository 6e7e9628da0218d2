import { type FileMarks, isBeyond, later, type Marks, NO_SEQ } from './marks.js';
import { type Message, MessageType } from './messages.js';

/**
 * The marks of a process that says with each result which call begins next, instead of writing that to its file: one
 * write less for each call. Whoever asks then reads all that the worker has written so far, and delivers it later.
 *
 * The order is that of marks in memory: the worker writes the result, then reads the limit; the parent writes the limit, then
 * reads what lies in the pipe.
 */
export class ReadAheadMarks implements Pick<Marks, 'getStarted' | 'setLimit'> {
  readonly #marks: FileMarks;
  readonly #readAhead: () => void;
  #said = NO_SEQ;

  /** @param readAhead has everything noted that lies in the pipe */
  constructor(marks: FileMarks, readAhead: () => void) {
    this.#marks = marks;
    this.#readAhead = readAhead;
  }

  /** Must hear of every message, in order, as soon as it is read. */
  note({ type, seq, id: begun }: Message): void {
    if (type === MessageType.result || type === MessageType.failure) {
      if (begun !== NO_SEQ) this.#said = begun;
    } else if (type === MessageType.returned && isBeyond(this.#said, seq - 1)) {
      this.#said = (seq - 1) | 0;
    }
  }

  getStarted(): number {
    this.#readAhead();
    const written = this.#marks.getStarted();
    return this.#said === NO_SEQ ? written : later(written, this.#said);
  }

  setLimit(seq: number): void {
    this.#marks.setLimit(seq);
  }
}
