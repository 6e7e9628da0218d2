import { isBeyond } from '../wire/marks.js';
import type { TargetDefinition } from '../wire/worker-plan.js';
import { eventLoopTurn } from '../node-timers.js';
import type { Invoke } from './worker-context.js';

interface Definition {
  readonly definition: TargetDefinition;
  /** Of the call for which it was sent: the first whose start the application waits to hear of. */
  readonly seq: number;
  /** As long as calls wait for it. */
  loading: Promise<Invoke> | undefined;
  /** Called when all that waited for it have started. */
  onStarted: (() => void) | undefined;
  /** How many calls of it have yet to start, since it has to be loaded. */
  waiting: number;
}

/** What the numbers of targets stand for in a worker, and what of it is loaded. */
export class Bindings {
  readonly #definitions = new Map<number, Definition>();
  readonly #loaded = new Map<number, Invoke>();
  #lastStart: Promise<void> = Promise.resolve();
  #lastLoad: Promise<void> = Promise.resolve();

  /** The application wants to hear when the next call of it starts. */
  define(target: number, definition: TargetDefinition, seq: number): void {
    this.#definitions.set(target, { definition, seq, loading: undefined, onStarted: undefined, waiting: 0 });
    this.#loaded.delete(target);
  }

  /** What runs it; `undefined` as long as it has to be loaded, or the application waits to hear of its start. */
  find(target: number): Invoke | undefined {
    return this.#loaded.get(target);
  }

  /**
   * Loads it for the call of that turn: once for all that wait for it meanwhile. They start in order, each in a turn of the event loop of its
   * own, and all of them before the next target is loaded, as that may block the event loop. Rejects with what `bind` and `announce`
   * reject with; the next call tries again.
   * @param announce says that the call begins, and waits until that has left
   */
  async load(
    target: number,
    seq: number,
    bind: (definition: TargetDefinition) => Promise<Invoke>,
    announce: () => Promise<void>,
  ): Promise<Invoke> {
    const defined = this.#definitions.get(target);
    if (!defined) throw new Error(`target ${target} was never defined`);
    defined.waiting++;
    try {
      const invoke = await (defined.loading ??= this.#bind(defined, bind));
      const start = this.#lastStart.then(eventLoopTurn).then(announce);
      this.#lastStart = start.catch(() => {});
      await start;
      // If it was defined anew, meanwhile or for a call behind this one, the application waits to hear when that one starts.
      const isCurrent = this.#definitions.get(target) === defined && !isBeyond(defined.seq, seq);
      // None that comes now goes by those that wait.
      if (isCurrent && defined.waiting === 1) this.#loaded.set(target, invoke);
      return invoke;
    } finally {
      defined.waiting--;
      if (defined.waiting === 0) {
        defined.loading = undefined;
        defined.onStarted?.();
      }
    }
  }

  async #bind(defined: Definition, bind: (definition: TargetDefinition) => Promise<Invoke>): Promise<Invoke> {
    const before = this.#lastLoad;
    this.#lastLoad = new Promise((resolve) => (defined.onStarted = resolve));
    await before;
    const invoke = await bind(defined.definition);
    // That may have blocked the event loop: first all is read that has come meanwhile, which takes a turn more than one.
    await eventLoopTurn();
    return invoke;
  }
}
