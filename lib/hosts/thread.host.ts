import { fileURLToPath } from 'node:url';
import { MessageChannel, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { PoolSettings } from '../options/pool-settings.js';
import type { Codec } from '../wire/codec.js';
import { MemoryMarks } from '../wire/marks.js';
import { PortChannel } from '../wire/port.channel.js';
import { ResultRing } from '../wire/result.ring.js';
import { SharedStore } from '../wire/shared.store.js';
import type { WorkerPlan } from '../wire/worker-plan.js';
import type { ThreadStart } from '../worker/thread.entry.js';
import { RemoteWorker } from './remote-worker.js';
import type { WorkerHandle, WorkerHost, WorkerListener } from './worker-host.interface.js';
import { workerEnv } from './worker-options.js';

const ENTRY = fileURLToPath(new URL('../worker/thread.entry.js', import.meta.url));

/**
 * Workers as threads. Piscina brings each one up, limits it and puts it down; its one task opens the
 * session, which then lives on a port of its own until the thread ends. One Piscina per worker, and none with a
 * minimum, as Piscina would otherwise replace a lost thread by itself, against the pool's back-off.
 */
export class ThreadHost implements WorkerHost {
  readonly store = new SharedStore();

  constructor(
    readonly settings: PoolSettings,
    /** Settled when it is known what the workers must hold; until then they load what all workers need. */
    readonly plan: () => Promise<WorkerPlan>,
    readonly codec: Codec,
  ) {}

  spawn(listener: WorkerListener): WorkerHandle {
    const ports = new MessageChannel();
    try {
      return this.#spawn(listener, ports);
    } catch (error) {
      // Else it would be kept for ever.
      ports.port1.close();
      throw error;
    }
  }

  #spawn(listener: WorkerListener, { port1, port2 }: MessageChannel): WorkerHandle {
    const ring = new ResultRing();
    const channel = new PortChannel(port1, { reads: ring });
    const marks = new MemoryMarks();
    const remote = new RemoteWorker(channel, listener, this.codec);
    const end = { cause: undefined as unknown, isOver: false };
    const piscina = this.#supervisor();
    const fail = (cause: unknown) => {
      if (end.isOver) return;
      end.cause ??= cause;
      void piscina.destroy();
    };
    const finish = (exitCode: number) => {
      if (end.isOver) return;
      end.isOver = true;
      listener.gone();
      channel.drain();
      channel.close();
      void piscina.destroy();
      const cause = remote.crash ?? end.cause;
      const outOfMemory = (end.cause as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const lastSeq = marks.getStarted();
      listener.ended({ exitCode, signal: null, outOfMemory, cause, lastSeq, isHeardOut: true });
    };
    channel.listen(
      (incoming) => {
        try {
          remote.receive(incoming);
        } catch (error) {
          // Else what came with it, or lies in the ring behind it, would never be read.
          fail(error);
        }
      },
      (error) => error && fail(error),
    );
    channel.unref();
    // An uncaught error in the thread, when its one task is over.
    piscina.on('error', (error: unknown) => (end.cause ??= error));
    const start: ThreadStart = {
      port: port2,
      marks: marks.buffer,
      ring: ring.memory,
      hasNest: this.settings.context !== false,
    };
    piscina.run(start, { transferList: [port2] }).catch(fail);
    const thread = piscina.threads[0] as Worker;
    thread.once('exit', finish);
    // If there is no plan, the start fails, and the worker is closed.
    this.plan().then(
      (plan) => remote.boot(plan),
      () => {},
    );
    return remote.handle({ label: `thread ${thread.threadId}`, marks, grantsLeases: false, kill: fail });
  }

  #supervisor(): Piscina {
    const { resourceLimits, env, execArgv } = this.settings;
    return new Piscina({
      filename: ENTRY,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Infinity,
      // The default blocks an idle worker's event loop, and with it the timers and sockets of its Nest context.
      atomics: 'disabled',
      recordTiming: false,
      env: workerEnv(env),
      ...(resourceLimits && { resourceLimits }),
      ...(execArgv && { execArgv: [...execArgv] }),
    });
  }
}
