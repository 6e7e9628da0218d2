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
    return burn(units);
  }

  @RunInExecutor('pool')
  async move(bytes: Uint8Array): Promise<Uint8Array> {
    return transfer(bytes);
  }
}
