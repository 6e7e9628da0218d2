import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endsByItself } from '../../lanes/ended.js';

/** A process that answers each message with one. */
export class HelperProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  /** @param script relative to this folder */
  constructor(script: string) {
    this.#child = fork(fileURLToPath(new URL(script, import.meta.url)));
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      throw new Error(`${script} ended (${code ?? signal})`);
    });
    this.#ended.catch(() => {});
  }

  /** The next thing that it says by itself. */
  async hear<T>(): Promise<T> {
    const [message] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [T];
    return message;
  }

  ask<T>(message: object): Promise<T> {
    const answer = this.hear<T>();
    this.#child.send(message);
    return answer;
  }

  /** Resolves to whether it ended by itself when it was left alone. */
  async close(): Promise<boolean> {
    if (this.#child.connected) this.#child.disconnect();
    return endsByItself(this.#child);
  }
}
