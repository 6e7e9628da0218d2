import { isBeyond } from '../wire/marks.js';
import type { TargetDefinition } from '../wire/worker-plan.js';
import { setImmediate } from '../node-timers.js';
import type { Invoke } from './worker-context.js';

interface Definition {
  readonly definition: TargetDefinition;
  /** Of the call for which it was sent: the first whose start the application waits to hear of. */
  readonly turn: number;
  /** Being loaded. */
  loading: Promise<Invoke> | undefined;
  /** How many calls of it have yet to start, since it has to be loaded. */
  waiting: number;
}

/** What the numbers of targets stand for in a worker, and what of it is loaded. */
export class Bindings {
  readonly #definitions = new Map<number, Definition>();
  readonly #loaded = new Map<number, Invoke>();
  #lastStart: Promise<void> = Promise.resolve();

  /** The application wants to hear when the next call of it starts. */
  define(target: number, definition: TargetDefinition, turn: number): void {
    this.#definitions.set(target, { definition, turn, loading: undefined, waiting: 0 });
    this.#loaded.delete(target);
  }

  /** What runs it; `undefined` as long as it has to be loaded, or the application waits to hear of its start. */
  find(target: number): Invoke | undefined {
    return this.#loaded.get(target);
  }

  /**
   * Loads it for the call of that turn: once for all that wait for it meanwhile. They start in order, each in a turn of the event loop of its
   * own. Rejects with what `bind` rejects with; the next call tries again.
   */
  async load(
    target: number,
    turn: number,
    bind: (definition: TargetDefinition) => Promise<Invoke>,
  ): Promise<Invoke> {
    const defined = this.#definitions.get(target);
    if (!defined) throw new Error(`target ${target} was never defined`);
    defined.waiting++;
    try {
      const invoke = await (defined.loading ??= this.#bind(defined, bind));
      await (this.#lastStart = this.#lastStart.then(eventLoopTurn));
      // If it was defined anew, meanwhile or for a call behind this one, the application waits to hear when that one starts.
      const isCurrent = this.#definitions.get(target) === defined && !isBeyond(defined.turn, turn);
      // None that comes now goes by those that wait.
      if (isCurrent && defined.waiting === 1) this.#loaded.set(target, invoke);
      return invoke;
    } finally {
      defined.waiting--;
    }
  }

  async #bind(defined: Definition, bind: (definition: TargetDefinition) => Promise<Invoke>): Promise<Invoke> {
    try {
      const invoke = await bind(defined.definition);
      // That may have blocked the event loop: first all is read that has come meanwhile, which takes a turn more than one.
      await eventLoopTurn();
      return invoke;
    } finally {
      defined.loading = undefined;
    }
  }
}

export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
