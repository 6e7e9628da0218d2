import { Injectable } from '@nestjs/common';
import { RunInExecutor, transfer } from '../../lib/index.js';
import { burn, echo } from './tasks.js';

/** In a file of its own, as a worker imports it from here. */
@Injectable()
export class TaskService {
  @RunInExecutor('pool')
  async echo(value: unknown): Promise<unknown> {
    return echo(value);
  }

  @RunInExecutor('pool')
  async burn(units: number): Promise<number> {
    // Not inlined: V8 13 (Node 24) would leave the loop five times as slow once it has built it into a method around it, which
    // no other contender has.
    return Reflect.apply(burn, undefined, [units]);
  }

  @RunInExecutor('pool')
  async move(bytes: Uint8Array): Promise<Uint8Array> {
    return transfer(bytes);
  }
}
