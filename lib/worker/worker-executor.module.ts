import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DEFAULT_POOL, EXECUTOR_REGISTRY } from '../executor.constants.js';
import { getExecutorToken } from '../executor.tokens.js';
import { DirectExecutor, DirectRouter } from './direct-executor.js';

/** What stands for ExecutorModule in a worker: the same tokens, and no pools behind them. */
@Module({})
export class WorkerExecutorModule {
  static register(pools: readonly string[], defaultPool = DEFAULT_POOL): DynamicModule {
    const providers: Provider[] = [
      { provide: EXECUTOR_REGISTRY, useValue: new DirectRouter() },
      { provide: getExecutorToken(), useValue: new DirectExecutor(defaultPool) },
      ...pools.map((name) => ({ provide: getExecutorToken(name), useValue: new DirectExecutor(name) })),
    ];
    return {
      module: WorkerExecutorModule,
      global: true,
      providers,
      exports: providers.map((provider) => (provider as { provide: string | symbol }).provide),
    };
  }
}
