import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type Executor, InjectExecutor } from '../../lib/index.js';
import { importCities } from './import-cities.js';

/** Fills the database at start-up, in a process: the 135,000 objects in between are no burden to this one. */
@Injectable()
export class CityImport implements OnApplicationBootstrap {
  constructor(
    private readonly config: ConfigService,
    @InjectExecutor('cpu') private readonly executor: Executor,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.executor.run(importCities, this.config.getOrThrow<string>('CITY_DATABASE'));
  }
}
