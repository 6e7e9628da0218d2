export { InjectExecutor } from './decorators/inject-executor.decorator.js';
export { RunInExecutor } from './decorators/run-in-executor.decorator.js';
export {
  ExecutorBootError,
  ExecutorClosedError,
  ExecutorError,
  ExecutorOptionsError,
  ExecutorQueueFullError,
  ExecutorReferenceError,
  ExecutorSerializationError,
  ExecutorTimeoutError,
  ExecutorWorkerLostError,
  type TimeoutPhase,
  type WorkerLoss,
} from './errors/executor.errors.js';
export { ExecutorModule } from './executor.module.js';
export { getExecutorToken } from './executor.tokens.js';
export type { CallOptions, RunInExecutorOptions } from './interfaces/call-options.interface.js';
export type { CurrentCall } from './interfaces/current-call.interface.js';
export type { AsyncMethod, ExecutorMethodDecorator } from './interfaces/decorated-method.interface.js';
export type { Executor, ExecutorStats, Percentiles } from './interfaces/executor.interface.js';
export type {
  ExecutorModuleAsyncOptions,
  ExecutorModuleOptions,
  ExecutorOptionsFactory,
} from './interfaces/module-options.interface.js';
export type {
  PoolKind,
  PoolOptions,
  PoolSizeRange,
  RecycleOptions,
} from './interfaces/pool-options.interface.js';
export { transfer } from './wire/transfer.js';
export { currentCall } from './worker/current-call.js';
export { isExecutorWorker } from './worker/is-executor-worker.js';
