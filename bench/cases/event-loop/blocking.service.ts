import { Injectable } from '@nestjs/common';
import { RunInExecutor } from '../../../lib/index.js';
import { burn } from '../../contenders/tasks.js';

/** One blocking method, where the decorator puts it. */
@Injectable()
export class BlockingService {
  async inline(units: number): Promise<number> {
    return burn(units);
  }

  @RunInExecutor('threads')
  async thread(units: number): Promise<number> {
    return burn(units);
  }

  @RunInExecutor('processes')
  async process(units: number): Promise<number> {
    return burn(units);
  }
}
