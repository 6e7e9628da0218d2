import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExecutorModule, type PoolOptions, transfer } from '../../lib/index.js';
import type { Contender, Kind, Setup, TaskName } from './contender.js';
import { TaskService } from './executor.service.js';

/** The default `maxQueue`: only a case that queues more changes it. */
const DEFAULT_MAX_QUEUE = 10_000;

class BenchModule {}

/** Ours, as an application uses it: a decorated method of a service that Nest made. */
export class ExecutorContender implements Contender {
  readonly #kind: Kind;
  #app: INestApplicationContext | undefined;
  #service = new TaskService();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  async start({ workers, inFlight, isLazy = false }: Setup): Promise<void> {
    const more = inFlight > DEFAULT_MAX_QUEUE ? { maxQueue: inFlight } : {};
    const pool: PoolOptions = { kind: this.#kind, size: workers, warmup: isLazy ? 'lazy' : 'eager', ...more };
    this.#app = await NestFactory.createApplicationContext(
      {
        module: BenchModule,
        imports: [ExecutorModule.forRoot({ pools: { pool } })],
        providers: [TaskService],
      },
      { abortOnError: false, logger: false },
    );
    this.#service = this.#app.get(TaskService);
  }

  call(task: TaskName, argument: unknown): Promise<unknown> {
    switch (task) {
      case 'echo':
        return this.#service.echo(argument);
      case 'burn':
        return this.#service.burn(argument as number);
      case 'move':
        return this.#service.move(transfer(argument as Uint8Array));
    }
  }

  async close(): Promise<void> {
    await this.#app?.close();
  }
}
