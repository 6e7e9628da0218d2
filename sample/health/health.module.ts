import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { StallMonitor } from './stall-monitor.js';

@Module({ controllers: [HealthController], providers: [StallMonitor] })
export class HealthModule {}
