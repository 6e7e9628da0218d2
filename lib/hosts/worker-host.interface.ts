import type { WorkerLoss } from '../errors/executor.errors.js';
import type { Marks } from '../wire/marks.js';
import type { AttachmentStore } from '../wire/attachments.js';
import type { Codec } from '../wire/codec.js';
import type { OutcomePayload, Payload } from '../wire/payload.js';
import type { TargetDefinition } from '../wire/worker-plan.js';

/** What a call runs: by reference in a worker, or directly in an inline pool. */
export interface CallTarget {
  /** As errors name it, e.g. `CatalogService.parse()`. */
  readonly label: string;
  /** What a worker is told of it; known once the call is handed over. */
  readonly definition: TargetDefinition | undefined;
  /** How long its calls take, in ms, on the safe side; `undefined` before the first one. */
  usualTime: number | undefined;
  /** For inline pools: runs it here, on the caller's own instance. */
  invoke(self: unknown, args: readonly unknown[]): unknown;
}

/** A call as it is handed to a worker. */
export interface HostCall {
  readonly id: number;
  /** Which hand-over to this worker it is; what the worker says of the call says this (see Marks). */
  readonly seq: number;
  readonly target: CallTarget;
  /** The instance whose method was called; `undefined` for functions. Only inline pools use it. */
  readonly self: unknown;
  readonly args: Payload;
  /** The positions of AbortSignals among the arguments, as bits. */
  readonly signals: number;
  readonly attempt: number;
  /** In ms; 0: none. */
  readonly timeout: number;
  /** It is handed over in advance: others are before it, and it may be taken back until it begins. */
  readonly mayStepBack: boolean;
  /** It is also short, so that the worker may begin it while it has a lease. */
  readonly isLeased: boolean;
}

/** How a worker ended, and what of it is known. */
export interface WorkerEnd extends WorkerLoss {
  /** The uncaught error that ended it, or how it broke the protocol. */
  readonly cause: unknown;
  /** The number of the last call that it took up, if only to load what that runs; `undefined` where that cannot be told. */
  readonly lastSeq: number | undefined;
  /** All that it said has been read: what it should have announced, and did not, never began. */
  readonly isHeardOut: boolean;
  /** What it wrote on stderr of why it ended, where nothing else says it; may be empty. */
  readonly lastWords?: string;
}

/** What a worker tells its pool. `ended` comes exactly once, last, and nothing after it. */
export interface WorkerListener {
  ready(): void;
  /** What it does on its way to being ready, as `it was still …` says it. */
  booting(what: string): void;
  /** It cannot boot, for this reason; `ended` follows. */
  bootFailed(error: unknown): void;
  started(seq: number): void;
  /** It did not begin this call, which was withdrawn, and now never will. */
  withdrawn(seq: number): void;
  /** It did not begin this call, as it is beyond the limit. */
  returned(seq: number): void;
  /**
   * @param outcome the value or error, still encoded
   * @param ms how long the call ran
   */
  settled(seq: number, failed: boolean, outcome: OutcomePayload, ms: number): void;
  /** It answers, so that its event loop turns. */
  alive(): void;
  /** It holds more memory than `recycle.memoryMb`. */
  outgrown(): void;
  /** It is gone: what it said before may still come, and then `ended`, but no more calls may be handed to it. */
  gone(): void;
  ended(end: WorkerEnd): void;
}

/** One worker, as its pool handles it. Nothing here throws or waits. */
export interface WorkerHandle {
  /** How the logs name it, e.g. `process 4711`. */
  readonly label: string;
  /** What it shares with its parent; `undefined` where it shares no memory, so that it can hold no calls in advance. */
  readonly marks: Pick<Marks, 'getStarted' | 'setLimit'> | undefined;
  /** Whether it need not read the limit for each call that is leased. */
  readonly grantsLeases: boolean;
  /**
   * Hands a call over.
   * @returns whether the worker will say when it starts
   */
  start(call: HostCall): boolean;
  /** It may not have loaded what such a call runs: the next one says when it starts. */
  forget(target: CallTarget): void;
  /** Tells the method, through its signal. */
  cancel(seq: number, reason: Payload): void;
  /** Cancels a call whose start the worker says, unless it has said so: `withdrawn` follows, or `started` is on its way. */
  withdraw(seq: number, reason: Payload): void;
  /** Asks for a sign of life. */
  ping(): void;
  /** Asks it to close its Nest context and to end. */
  close(): void;
  /** Ends it whatever it does. `cause` is what its end then names. */
  kill(cause?: Error): void;
}

/** Brings workers up. A new kind of worker is a new one of these. */
export interface WorkerHost {
  /** For the values of its calls. */
  readonly codec: Codec;
  /** Where the arguments of calls are kept until they are settled. */
  readonly store: AttachmentStore;
  spawn(listener: WorkerListener): WorkerHandle;
}
