import { isBeyond } from '../wire/marks.js';
import type { TargetDefinition } from '../wire/worker-plan.js';
import { setImmediate } from '../node-timers.js';
import type { Invoke } from './worker-context.js';

/** With the turn of the call for which it was sent: the first whose start the application waits to hear of. */
interface Definition {
  readonly definition: TargetDefinition;
  readonly turn: number;
}

/** What the numbers of targets stand for in a worker, and what of it is loaded. */
export class Bindings {
  readonly #definitions = new Map<number, Definition>();
  readonly #loading = new Map<Definition, Promise<Invoke>>();
  readonly #loaded = new Map<number, Invoke>();

  /** The application wants to hear when the next call of it starts. */
  define(target: number, definition: TargetDefinition, turn: number): void {
    this.#definitions.set(target, { definition, turn });
    this.#loaded.delete(target);
  }

  /** What runs it; `undefined` as long as it has to be loaded, or the application waits to hear of its start. */
  find(target: number): Invoke | undefined {
    return this.#loaded.get(target);
  }

  /**
   * Loads it for the call of that turn: once for all that wait for it meanwhile, so that they start in order. Rejects with what `bind`
   * rejects with; the next call tries again.
   */
  async load(
    target: number,
    turn: number,
    bind: (definition: TargetDefinition) => Promise<Invoke>,
  ): Promise<Invoke> {
    const defined = this.#definitions.get(target);
    if (!defined) throw new Error(`target ${target} was never defined`);
    let loading = this.#loading.get(defined);
    if (!loading) {
      loading = heardOut(bind(defined.definition)).finally(() => this.#loading.delete(defined));
      this.#loading.set(defined, loading);
    }
    const invoke = await loading;
    // If it was defined anew, meanwhile or for a call behind this one, the application waits to hear when that one starts.
    if (this.#definitions.get(target) === defined && !isBeyond(defined.turn, turn)) {
      this.#loaded.set(target, invoke);
    }
    return invoke;
  }
}

/** To load may have blocked the event loop: first all is read that has come meanwhile. */
async function heardOut<T>(loading: Promise<T>): Promise<T> {
  const loaded = await loading;
  await eventLoopTurn();
  await eventLoopTurn();
  return loaded;
}

export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
