import { Controller, Get, Module } from '@nestjs/common';
import { ExecutorModule } from '../../../lib/index.js';
import { BlockingService } from './blocking.service.js';

@Controller()
export class PingController {
  @Get('ping')
  ping(): string {
    return 'pong';
  }
}

@Module({
  imports: [
    ExecutorModule.forRoot({
      pools: { threads: { kind: 'thread', size: 1 }, processes: { kind: 'process', size: 1 } },
      default: 'threads',
    }),
  ],
  controllers: [PingController],
  providers: [BlockingService],
})
export class ServerModule {}
