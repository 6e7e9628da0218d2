/** A file's export, as in reference/: what crosses knows nobody, so the shape is said again by its use. */
export interface PlanReference {
  readonly file: string;
  readonly exportName: string;
  readonly member?: string;
}

/** What a worker is booted with. */
export interface WorkerPlan {
  readonly pool: string;
  /** All pools of the application, so that their tokens can be injected in the worker too. */
  readonly pools: readonly string[];
  /** The one that a bare `@InjectExecutor()` means. */
  readonly defaultPool: string | undefined;
  readonly concurrency: number;
  /** Each result says which call begins next: the parent can read that ahead, and the worker need not mark it. */
  readonly saysNext?: boolean;
  /** How long what a call runs may take to be loaded, in ms. */
  readonly bootTimeout: number;
  /** The worker asks to be replaced when it holds more, in MB. */
  readonly memoryMb: number | undefined;
  /** Whether the worker is a Nest application, with `context` and `providers`, or only runs functions. */
  readonly hasNest: boolean;
  readonly context: PlanReference | undefined;
  /** Decorated classes and the injectable classes that they need and that `context` does not provide. */
  readonly providers: readonly PlanReference[];
  /** Decorated classes that `context` provides; default: none. */
  readonly inContext?: readonly PlanReference[];
}

/** What a call's target number stands for; `method` and `hops` are set for methods, and missing for functions. */
export interface TargetDefinition {
  readonly reference: PlanReference;
  readonly method?: string;
  /** How many prototypes above the class's own the decorated method is found. */
  readonly hops?: number;
}
