/** What a contender's workers are: they decide which raw contender it is compared with. */
export type Kind = 'thread' | 'process';

/** What every contender can be asked for; see `tasks.ts`. */
export type TaskName = 'echo' | 'burn' | 'move';

/** What a contender may know before it starts, so that it can be set up at its best for the case. */
export interface Setup {
  readonly workers: number;
  /** The most calls that will be under way at a time. */
  readonly inFlight: number;
  /** What the arguments are: some pools have a better serialization for bytes. */
  readonly carries: 'objects' | 'bytes';
  /** The pool starts without workers, so that the first call waits for just one worker's boot. */
  readonly isLazy?: boolean;
}

/** One way to run a function elsewhere. */
export interface Contender {
  /** Resolves when calls can be made. */
  start(setup: Setup): Promise<void>;
  call(task: TaskName, argument: unknown): PromiseLike<unknown>;
  /** Ends all workers. */
  close(): Promise<void>;
}
