import { closeSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { FileMarks, mayBeSaid, nextSeq, NO_SEQ } from '../../lib/wire/marks.js';
import { FileCells } from '../../lib/wire/memory-file.js';
import { message, MessageType } from '../../lib/wire/messages.js';
import { ReadAheadMarks } from '../../lib/wire/read-ahead.marks.js';

/** @param unread what lies in the pipe when it is first read ahead */
function makeMarks(...unread: [MessageType, seq: number, begun?: number][]): {
  marks: ReadAheadMarks;
  file: FileMarks;
} {
  const cells = FileCells.create() as FileCells;
  onTestFinished(() => closeSync(cells.fd));
  const file = new FileMarks(cells);
  const marks: ReadAheadMarks = new ReadAheadMarks(file, () => {
    for (const [type, seq, begun] of unread.splice(0)) {
      marks.note({ ...message(type, seq), id: begun ?? NO_SEQ });
    }
  });
  return { marks, file };
}

const { result, failure, returned } = MessageType;

it('what a result says has begun counts as soon as it can be read', () => {
  const { marks, file } = makeMarks([result, 1, 2], [failure, 2, 3]);
  file.setStarted(1);
  expect(marks.getStarted()).toBe(3);
});

it('what the file says counts where that is later', () => {
  const { marks, file } = makeMarks([result, 1, 2]);
  file.setStarted(3);
  expect(marks.getStarted()).toBe(3);
});

it('a call that came back never began', () => {
  const { marks, file } = makeMarks([result, 1, 2], [returned, 2]);
  file.setStarted(1);
  expect(marks.getStarted()).toBe(1);
});

it('one that had only waited, and was cancelled, says nothing of those before it', () => {
  const { marks, file } = makeMarks([result, 1, 2], [failure, 9, NO_SEQ]);
  file.setStarted(1);
  expect(marks.getStarted()).toBe(2);
});

it('the file never lags so far behind that it would seem to be ahead', () => {
  for (const start of [1, 2 ** 31 - 2 ** 15, -(2 ** 15)]) {
    let [seq, unmarked, most] = [start | 0, 0, 0];
    for (let step = 0; step < 2 ** 18; step++) {
      unmarked = mayBeSaid(seq) ? unmarked + 1 : 0;
      most = Math.max(most, unmarked);
      seq = nextSeq(seq);
    }
    expect(most).toBeLessThan(2 ** 17);
  }
});
