import { Module } from '@nestjs/common';
import { ExecutorModule } from '../lib/index.js';
import { BrowsersModule } from './browsers/browsers.module.js';
import { CitiesModule } from './cities/cities.module.js';
import { SettingsModule } from './cities/settings.module.js';
import { HealthModule } from './health/health.module.js';
import { PhotoModule } from './photo/photo.module.js';

@Module({
  imports: [
    ExecutorModule.forRoot({
      pools: {
        cpu: { kind: 'process', size: 2 },
        io: { kind: 'thread', size: 2, context: SettingsModule },
      },
    }),
    BrowsersModule,
    CitiesModule,
    HealthModule,
    PhotoModule,
  ],
})
export class AppModule {}
