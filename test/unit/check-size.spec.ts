import { describe, expect, it } from 'vitest';
import { ExecutorSerializationError } from '../../lib/index.js';
import { checkSize } from '../../lib/wire/check-size.js';
import { MAX_ATTACHMENTS, MAX_PAYLOAD_BYTES } from '../../lib/wire/payload.js';

/** As if there were a buffer that leaves so many bytes. */
function allBut(bytes: number): { byteLength: number }[] {
  return [{ byteLength: MAX_PAYLOAD_BYTES - bytes }];
}

describe('the size of a value', () => {
  it.each<[string, string | Uint8Array, number]>([
    ['a text', 'abc', 3],
    ['a text that takes more bytes than characters', '\u4e2d\u00e9', 5],
    ['what is binary', new Uint8Array(7), 7],
  ])('counts %s as it travels', (_, head, bytes) => {
    expect(() => checkSize(head, allBut(bytes), 'argument 1')).not.toThrow();
    const tooLarge = () => checkSize(head, allBut(bytes - 1), 'argument 1');
    expect(tooLarge).toThrow(ExecutorSerializationError);
    expect(tooLarge).toThrow('it is larger than');
  });

  it('has no more buffers than one message may have', () => {
    const buffers = Array.from({ length: MAX_ATTACHMENTS }, () => ({ byteLength: 1 }));
    expect(() => checkSize('', buffers, 'result')).not.toThrow();
    buffers.push({ byteLength: 1 });
    expect(() => checkSize('', buffers, 'result')).toThrow(`it has more than ${MAX_ATTACHMENTS} buffers`);
  });
});
