import { Controller, Get, Query } from '@nestjs/common';
import { BrowsersService } from './browsers.service.js';

@Controller('browsers')
export class BrowsersController {
  constructor(private readonly browsers: BrowsersService) {}

  @Get('inline')
  inline(@Query('lacking') browser: string) {
    return this.browsers.compareInline(browser);
  }

  @Get('executor')
  executor(@Query('lacking') browser: string) {
    return this.browsers.compare(browser);
  }
}
