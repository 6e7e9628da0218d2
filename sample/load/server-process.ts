import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** The application in a process of its own, so that its stalls do not hold up who measures them. */
export class ServerProcess {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<ServerProcess> {
    const child = fork(MAIN, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const started = once(child, 'message').then(([url]) => url as string);
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`The server ended before it listened (${code ?? signal}).`);
    });
    return new ServerProcess(await Promise.race([started, ended]), child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}
