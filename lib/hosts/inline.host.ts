import { performance } from 'node:perf_hooks';
import { ExecutorTimeoutError } from '../errors/executor.errors.js';
import type { PoolSettings } from '../options/pool-settings.js';
import { type Attachment, copyOf, HeapStore } from '../wire/attachments.js';
import type { Codec } from '../wire/codec.js';
import { CallRunner } from '../worker/call-runner.js';
import type { HostCall, WorkerHandle, WorkerHost, WorkerListener } from './worker-host.interface.js';
import { queueMicrotask } from '../node-timers.js';

/** No workers at all: calls run in the caller's own event loop, with the same copying and the same errors. */
export class InlineHost implements WorkerHost {
  readonly store = new HeapStore();

  constructor(
    readonly settings: PoolSettings,
    readonly codec: Codec,
  ) {}

  spawn(listener: WorkerListener): WorkerHandle {
    const runner = new CallRunner(this.settings.name, this.codec, this.store, takeCopies);
    const handed: HostCall[] = [];
    let lastSeq = 0;
    let isOver = false;
    const end = (cause?: Error) => {
      if (isOver) return;
      isOver = true;
      const loss = { exitCode: 0, signal: null, outOfMemory: false, cause, isHeardOut: true };
      queueMicrotask(() => listener.ended({ ...loss, lastSeq }));
    };
    const runNext = () => {
      const call = handed.shift();
      if (!call || isOver) return;
      lastSeq = call.seq;
      const startedAt = performance.now();
      listener.started(call.seq);
      const { id, seq, attempt, timeout, signals, args: payload } = call;
      const incoming = { id, seq, attempt, ms: timeout, signals, payload };
      const invoke = (args: readonly unknown[]) => {
        const result = call.target.invoke(call.self, args);
        // While it blocks, no timer can fire: in a worker it would have been ended.
        const isLate = timeout > 0 && performance.now() - startedAt > timeout;
        if (!isLate) return result;
        const late = () => {
          throw new ExecutorTimeoutError(this.settings.name, 'run', timeout, call.target.label);
        };
        // If it goes on, its timer gives it up, which is due.
        return Promise.resolve(result).then(late, late);
      };
      runner.run(incoming, invoke, ({ failed, payload: result }) => {
        // After its end a worker says nothing: a method that was given up may still be running here.
        if (!isOver) listener.settled(seq, failed, result, performance.now() - startedAt);
      });
    };
    queueMicrotask(() => isOver || listener.ready());
    return {
      label: 'inline worker',
      marks: undefined,
      grantsLeases: false,
      start: (call) => {
        handed.push(call);
        queueMicrotask(runNext);
        return this.settings.concurrency > 1;
      },
      forget: () => {},
      cancel: (seq, reason) => {
        const index = handed.findIndex((call) => call.seq === seq);
        if (index < 0) return runner.cancel(seq, reason);
        handed.splice(index, 1);
        queueMicrotask(() => isOver || listener.settled(seq, true, reason, 0));
      },
      // By then it has begun, or waits for a microtask.
      withdraw: () => {},
      ping: () => listener.alive(),
      close: () => end(),
      kill: end,
    };
  }
}

/** The method may write into its arguments, and another attempt needs them as they were. */
function takeCopies(attachments: readonly Attachment[]): readonly Attachment[] {
  return attachments.map((attachment) => {
    return attachment instanceof Uint8Array ? copyOf(attachment) : attachment;
  });
}
