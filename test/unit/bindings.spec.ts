import { expect, it } from 'vitest';
import { Bindings } from '../../lib/worker/bindings.js';
import { within } from '../support/deadline.js';

const DEFINITION = { reference: { file: 'file:///work.js', exportName: 'work' } };

it('a call that comes while others wait for what it runs does not go by them', async () => {
  const bindings = new Bindings();
  bindings.define(1, DEFINITION, 1);
  const begun: number[] = [];
  const begin = async (seq: number) => {
    if (!bindings.find(1)) {
      await bindings.load(
        1,
        seq,
        async () => () => {},
        async () => {},
      );
    }
    begun.push(seq);
  };
  const [first, second] = [begin(1), begin(2)];
  const third = first.then(() => begin(3));
  await within(Promise.all([second, third]));
  expect(begun).toEqual([1, 2, 3]);
  expect(bindings.find(1)).toBeDefined();
});
