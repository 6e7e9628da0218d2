import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Kind } from '../contenders/contender.js';
import type { Slice } from '../measure/clock.js';
import { endsByItself } from './ended.js';
import type { Lane } from './lane.js';
import { pinTree } from './placement.js';
import type { FlowStep } from './protocol.js';

const NAME = 'bench/contenders/run_in_executor.py';

/** TypeScript's compiler copies no .py file: it stays among the sources. */
const SCRIPT = [fileURLToPath(new URL(`../../../${NAME}`, import.meta.url)), resolve(NAME)].find((file) =>
  existsSync(file),
);

/** Python's version, where there is one. */
export const pythonVersion = findPython();

/** A lane for CPython, which knows one task only: a tiny object, echoed, by one worker. */
export class PythonLane implements Lane {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<never>;

  constructor(kind: Kind) {
    if (SCRIPT === undefined) throw new Error(`${NAME} is not there`);
    const flavour = kind === 'thread' ? 'threads' : 'processes';
    this.#child = spawn('python3', [SCRIPT, flavour], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    this.#ended = once(this.#lines, 'close').then(() => {
      throw new Error('Python ended');
    });
    this.#ended.catch(() => {});
  }

  async open(): Promise<number> {
    return (await this.#next<{ firstMs: number }>()).firstMs;
  }

  async pin(): Promise<void> {
    pinTree(this.#child.pid as number);
  }

  async check({ task, argument }: FlowStep): Promise<void> {
    if (task !== 'echo' || argument.type !== 'tiny') throw new Error('not measured for Python');
  }

  async flow({ inFlight, ms }: FlowStep): Promise<Slice> {
    const figures = this.#next<Slice>();
    this.#child.stdin?.write(`${JSON.stringify({ inFlight, ms })}\n`);
    return figures;
  }

  async close(): Promise<string | undefined> {
    this.#child.stdin?.end();
    const isEnded = await endsByItself(this.#child);
    return isEnded ? undefined : 'Python did not end by itself';
  }

  async #next<T>(): Promise<T> {
    const [line] = (await Promise.race([once(this.#lines, 'line'), this.#ended])) as [string];
    return JSON.parse(line) as T;
  }
}

function findPython(): string | undefined {
  const { status, stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
