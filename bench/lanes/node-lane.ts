import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Entry } from '../contenders/catalog.js';
import type { Setup } from '../contenders/contender.js';
import type { Slice } from '../measure/clock.js';
import type { WaveSlice } from '../measure/wave.js';
import { endsByItself, hasEnded } from './ended.js';
import type { Lane } from './lane.js';
import { pinTree } from './placement.js';
import type { Answer, Command, FlowStep, MemoryFigures, WaveStep } from './protocol.js';

const MAIN = fileURLToPath(new URL('./lane.main.js', import.meta.url));

/** How long a lane may take to answer beyond what it was asked to take, in ms. */
const PATIENCE = 20_000;

/** How long a pool may take to close, in ms. */
const CLOSING = 3_000;

/** How much of what a lane wrote to stderr is kept, in characters. */
const STDERR_KEPT = 2_000;

/** A lane for one of the JavaScript contenders. */
export class NodeLane implements Lane {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #loaded: Promise<unknown>;
  #stderr = '';
  #isKilled = false;

  constructor({ name }: Entry) {
    this.#name = name;
    this.#child = fork(MAIN, [name], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#loaded = this.#next(PATIENCE);
    this.#loaded.catch(() => {});
  }

  /** Resolves when the contender's packages are imported. */
  async load(): Promise<void> {
    await this.#loaded;
  }

  async pin(): Promise<void> {
    pinTree(this.#child.pid as number);
  }

  async open(setup: Setup): Promise<number> {
    return (await this.#ask({ type: 'open', setup }, PATIENCE)) as number;
  }

  async check({ task, argument }: FlowStep): Promise<void> {
    await this.#ask({ type: 'check', step: { task, argument } }, PATIENCE);
  }

  async flow(step: FlowStep): Promise<Slice> {
    return (await this.#ask({ type: 'flow', step }, step.ms + PATIENCE)) as Slice;
  }

  async wave(step: WaveStep): Promise<WaveSlice> {
    return (await this.#ask({ type: 'wave', step }, step.waves * step.limitMs + PATIENCE)) as WaveSlice;
  }

  async weigh(setup: Setup): Promise<MemoryFigures> {
    return (await this.#ask({ type: 'weigh', setup }, PATIENCE)) as MemoryFigures;
  }

  async close(): Promise<string | undefined> {
    const said = this.#stderr.trim() === '' ? undefined : `${this.#name} wrote: ${lastLines(this.#stderr)}`;
    if (this.#isKilled || hasEnded(this.#child)) return said;
    try {
      await this.#ask({ type: 'close' }, CLOSING);
    } catch (error) {
      this.kill();
      return `${this.#name}, closing: ${(error as Error).message}`;
    }
    return (await endsByItself(this.#child))
      ? said
      : `${this.#name} did not let its process end after close()`;
  }

  /** Ends it at once: its calls are not waited for. */
  kill(): void {
    this.#isKilled = true;
    this.#child.kill('SIGKILL');
  }

  async #ask(command: Command, deadline: number): Promise<unknown> {
    await this.#loaded;
    if (hasEnded(this.#child)) throw new Error('its process had ended before');
    const answering = this.#next(deadline);
    this.#child.send(command);
    const answer = (await answering) as Answer;
    if ('failure' in answer) throw new Error(answer.failure);
    return answer.value;
  }

  /** The next message. Rejects if the process ends, or takes too long: then it is ended. */
  #next(deadline: number): Promise<unknown> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.off('error', onError);
        act();
      };
      const onMessage = (message: unknown) => settle(() => resolve(message));
      const onError = (error: Error) => settle(() => reject(error));
      const onExit = (code: number | null, signal: string | null) => {
        const why = lastLines(this.#stderr);
        settle(() => reject(new Error(`its process ended (${code ?? signal})${why ? `: ${why}` : ''}`)));
      };
      const timer = setTimeout(() => {
        this.kill();
        settle(() => reject(new Error(`no answer within ${deadline / 1e3} s`)));
      }, deadline);
      child.once('message', onMessage);
      child.once('exit', onExit);
      child.once('error', onError);
    });
  }
}

function lastLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-3).join(' | ');
}
