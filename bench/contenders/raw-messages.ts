import type { TaskName } from './contender.js';

/** What travels between a raw contender and its workers: a flat list is the cheapest to clone. */
export type RawRequest = readonly [id: number, task: TaskName, argument: unknown];
export type RawReply = readonly [id: number, result: unknown];

/** The hand-written part: an id per call, and who waits for it. */
export class Waiting {
  readonly #resolvers = new Map<number, (result: unknown) => void>();
  #lastId = 0;

  get size(): number {
    return this.#resolvers.size;
  }

  add(resolve: (result: unknown) => void): number {
    const id = ++this.#lastId;
    this.#resolvers.set(id, resolve);
    return id;
  }

  settle([id, result]: RawReply): void {
    const resolve = this.#resolvers.get(id);
    this.#resolvers.delete(id);
    resolve?.(result);
  }
}

/** A worker as a raw contender knows it. */
export interface RawWorker {
  readonly waiting: Waiting;
}

/** The worker with the fewest calls: what a hand-written loop would do with two of them. */
export function leastBusy<W extends RawWorker>(workers: readonly W[]): W {
  const [first, ...others] = workers;
  if (!first) throw new Error('no worker was started');
  let best = first;
  for (const other of others) if (other.waiting.size < best.waiting.size) best = other;
  return best;
}
