import { Controller, Get, Query } from '@nestjs/common';
import { CitiesService } from './cities.service.js';

@Controller('cities')
export class CitiesController {
  constructor(private readonly cities: CitiesService) {}

  @Get('inline')
  inline(@Query('country') country: string) {
    return this.cities.findRemoteInline(country);
  }

  @Get('executor')
  executor(@Query('country') country: string) {
    return this.cities.findRemote(country);
  }
}
