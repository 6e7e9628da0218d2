import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { PoolSettings } from '../options/pool-settings.js';
import type { Codec } from '../wire/codec.js';
import { descriptorOf } from '../wire/descriptor.js';
import { FileStore } from '../wire/file.store.js';
import { FileMarks } from '../wire/marks.js';
import { FileCells, freeMemoryFileBytes, PAGE_BYTES } from '../wire/memory-file.js';
import { PipeChannel } from '../wire/pipe.channel.js';
import { ReadAheadMarks } from '../wire/read-ahead.marks.js';
import { ResultReader } from '../wire/result.reader.js';
import type { WorkerPlan } from '../wire/worker-plan.js';
import { RemoteWorker } from './remote-worker.js';
import { StderrTail } from './stderr-tail.js';
import type { WorkerHandle, WorkerHost, WorkerListener } from './worker-host.interface.js';
import { inheritedExecArgv, sharedNodeOptions, v8Flags, workerEnv } from './worker-options.js';
import { clearTimeout, setTimeout } from '../node-timers.js';

const ENTRY = fileURLToPath(new URL('../worker/process.entry.js', import.meta.url));

/** The most that a memory file holds, in bytes. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;

/** After the exit, how long what the process wrote may still be on its way, in ms. */
const LAST_WORDS = 500;

/** Workers as child processes. They talk over a socket pair of their own, the child's descriptor 3. */
export class ProcessHost implements WorkerHost {
  readonly store = new FileStore(() => this.#fileBytes);
  #share: number | undefined;

  constructor(
    readonly settings: PoolSettings,
    /** Settled when it is known what the workers must hold; until then they load what all workers need. */
    readonly plan: () => Promise<WorkerPlan>,
    readonly codec: Codec,
  ) {}

  spawn(listener: WorkerListener): WorkerHandle {
    const cells = this.store.fd === undefined ? undefined : FileCells.create();
    const child = this.#start(cells?.fd);
    const socket = child.stdio[3] as Socket;
    const fd = descriptorOf(socket);
    const results = cells && new ResultReader(cells);
    const saysNext = cells !== undefined && fd !== undefined && this.settings.concurrency === 1;
    const channel: PipeChannel = new PipeChannel(socket, {
      fd,
      hasFile: results !== undefined,
      onArrival: (message) => marks?.note(message),
    });
    const marks = cells && new ReadAheadMarks(new FileMarks(cells), () => channel.readAhead());
    const remote = new RemoteWorker(
      channel,
      listener,
      this.codec,
      results && ((payload) => results.takeOut(payload)),
    );
    const stderr = new StderrTail(child.stderr as Socket);
    let cause: unknown;
    let exit: { exitCode: number | null; signal: string | null } | undefined;
    let hasPipeEnded = false;
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const kill = (reason?: Error) => {
      cause ??= reason;
      child.kill('SIGKILL');
    };
    const finish = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      const { exitCode, signal } = exit ?? { exitCode: null, signal: null };
      channel.drain();
      // What began is said in messages, and where one of them is none, all that it holds may have begun.
      const lastSeq = saysNext && !channel.isSound ? undefined : marks?.getStarted();
      results?.close();
      channel.close();
      stderr.close();
      listener.ended({
        exitCode,
        signal,
        outOfMemory: isAbort(exitCode, signal) && stderr.saysOutOfMemory,
        cause: cause ?? remote.crash,
        lastSeq,
        isHeardOut: channel.isSound && (hasPipeEnded || fd !== undefined),
        lastWords: stderr.lastWords,
      });
    };
    // The end is known when the exit is, and all that the worker sent has been read.
    const finishWhenRead = () => {
      if (!exit) return;
      if (hasPipeEnded && stderr.hasEnded) finish();
      else timer ??= setTimeout(finish, LAST_WORDS);
    };
    channel.listen(
      (incoming) => remote.receive(incoming),
      (error) => {
        hasPipeEnded = true;
        listener.gone();
        // Without its pipe a worker is of no use, whatever it still does.
        if (exit === undefined) kill(error);
        finishWhenRead();
      },
    );
    stderr.onEnd = finishWhenRead;
    child.once('exit', (exitCode, signal) => {
      exit = { exitCode, signal };
      listener.gone();
      finishWhenRead();
    });
    child.once('error', (error) => {
      cause ??= error;
      // A process that was never born has no exit.
      if (child.pid === undefined) finish();
    });
    child.unref();
    socket.unref();
    // If there is no plan, the start fails, and the worker is closed.
    this.plan().then(
      (plan) => remote.boot({ ...plan, saysNext }),
      () => {},
    );
    return remote.handle({ label: `process ${child.pid ?? '(none)'}`, marks, grantsLeases: saysNext, kill });
  }

  /** How large each memory file may become: all of them together take half of what is free at the most. */
  get #fileBytes(): number {
    const files = this.settings.size.max + 1;
    return (this.#share ??= Math.min(MAX_FILE_BYTES, freeMemoryFileBytes() / 2 / files));
  }

  /** @throws what the system refused: too many files, too long an environment */
  #start(file: number | undefined): ChildProcess {
    try {
      // A file that holds nothing but its cells is one, too.
      const fileBytes = file === undefined ? 0 : Math.max(PAGE_BYTES, Math.floor(this.#fileBytes));
      const hasNest = Number(this.settings.context !== false);
      const args = [...this.#execArgv(), ENTRY, ...[process.pid, fileBytes, hasNest].map(String)];
      const child = spawn(process.execPath, args, {
        env: this.#env(),
        stdio: ['ignore', 'inherit', 'pipe', 'pipe', file ?? 'ignore', this.store.fd ?? 'ignore'],
        windowsHide: true,
      });
      // Where Node could not even open the pipes, it makes no streams, and says why later.
      if (child.stdio?.[3]) return child;
      child.once('error', () => {});
      throw new Error('the system refused to start a process: are too many files open?');
    } catch (error) {
      if (file !== undefined) closeSync(file);
      throw error;
    }
  }

  #execArgv(): string[] {
    const { execArgv, resourceLimits } = this.settings;
    return [...(execArgv ?? inheritedExecArgv()), ...v8Flags(resourceLimits)];
  }

  #env(): NodeJS.ProcessEnv {
    const env = workerEnv(this.settings.env);
    if (env['NODE_OPTIONS']) env['NODE_OPTIONS'] = sharedNodeOptions(env['NODE_OPTIONS']);
    return env;
  }
}

/** How V8 ends a process that has no memory left, or not even enough to begin; a shell, or Windows, gives that as an exit code. */
function isAbort(exitCode: number | null, signal: string | null): boolean {
  return signal === 'SIGABRT' || signal === 'SIGTRAP' || exitCode === 134 || exitCode === 133;
}
