import { Module } from '@nestjs/common';
import { CitiesController } from './cities.controller.js';
import { CitiesService } from './cities.service.js';
import { CityDatabase } from './city-database.js';
import { CityImport } from './city-import.js';
import { SettingsModule } from './settings.module.js';

@Module({
  imports: [SettingsModule],
  controllers: [CitiesController],
  providers: [CitiesService, CityDatabase, CityImport],
})
export class CitiesModule {}
