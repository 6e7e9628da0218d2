import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { StallMonitor } from './stall-monitor.js';

@Controller()
export class HealthController {
  constructor(private readonly stalls: StallMonitor) {}

  @Get('ping')
  ping(): string {
    return 'pong';
  }

  @Get('stall')
  async stall(): Promise<{ readonly longestMs: number }> {
    return { longestMs: await this.stalls.longest() };
  }

  @Post('stall/reset')
  @HttpCode(204)
  async reset(): Promise<void> {
    await this.stalls.reset();
  }
}
