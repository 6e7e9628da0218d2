import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Executor, ExecutorModule, getExecutorToken, type PoolOptions } from '../../lib/index.js';
import type { Contender, Kind, Setup, TaskName } from './contender.js';
import { burn, echo } from './tasks.js';

class BenchModule {}

/** Ours where a pool only runs functions, so that its workers need no Nest. */
export class FunctionsContender implements Contender {
  readonly #kind: Kind;
  #app: INestApplicationContext | undefined;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  async start({ workers, isLazy = false }: Setup): Promise<void> {
    const warmup = isLazy ? 'lazy' : 'eager';
    const pool: PoolOptions = { kind: this.#kind, size: workers, warmup, context: false };
    this.#app = await NestFactory.createApplicationContext(
      { module: BenchModule, imports: [ExecutorModule.forRoot({ pools: { pool } })] },
      { abortOnError: false, logger: false },
    );
  }

  call(task: TaskName, argument: unknown): Promise<unknown> {
    const executor = (this.#app as INestApplicationContext).get<Executor>(getExecutorToken('pool'));
    switch (task) {
      case 'echo':
        return executor.run(echo, argument);
      case 'burn':
        return executor.run(burn, argument as number);
      case 'move':
        throw new Error('not measured: moving is the same in all pools of a kind');
    }
  }

  async close(): Promise<void> {
    await this.#app?.close();
  }
}
