import { Injectable } from '@nestjs/common';
import { RunInExecutor } from '../../lib/index.js';
import { CityDatabase } from './city-database.js';

export interface RemoteTown {
  readonly town: string;
  readonly population: number;
  readonly metropolis: string;
  readonly km: number;
}

/** The towns of a country that are furthest from any city of a million. */
const REMOTE_TOWNS = `
  WITH nearest AS (
    SELECT town.name AS town, town.population, metropolis.name AS metropolis,
      min(6371 * acos(min(1,
        sin(radians(town.latitude)) * sin(radians(metropolis.latitude)) +
        cos(radians(town.latitude)) * cos(radians(metropolis.latitude)) *
        cos(radians(town.longitude - metropolis.longitude))))) AS km
    FROM city AS town CROSS JOIN city AS metropolis
    WHERE town.country = ? AND town.population >= 25000 AND metropolis.population >= 1000000
    GROUP BY town.id
  )
  SELECT * FROM nearest ORDER BY km DESC, town LIMIT 20`;

/** Asks a database whose library knows only blocking calls. */
@Injectable()
export class CitiesService {
  constructor(private readonly database: CityDatabase) {}

  findRemoteInline(country: string): RemoteTown[] {
    return this.database.all<RemoteTown>(REMOTE_TOWNS, country);
  }

  @RunInExecutor('io')
  async findRemote(country: string): Promise<RemoteTown[]> {
    return this.findRemoteInline(country);
  }
}
