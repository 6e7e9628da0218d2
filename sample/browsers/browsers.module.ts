import { Module } from '@nestjs/common';
import { BrowsersController } from './browsers.controller.js';
import { BrowsersService } from './browsers.service.js';

@Module({ controllers: [BrowsersController], providers: [BrowsersService] })
export class BrowsersModule {}
