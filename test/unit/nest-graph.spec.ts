import { Test } from '@nestjs/testing';
import { forwardRef, Injectable, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { expect, it } from 'vitest';
import { lookUp } from '../../lib/planning/nest-graph.js';

@Injectable()
class Asked {}

@Injectable()
class Asks {
  constructor(readonly asked: Asked) {}
}

const first = new Asked();

@Module({ providers: [{ provide: Asked, useValue: first }], exports: [Asked] })
class FirstModule {}

@Module({ providers: [Asked], exports: [Asked] })
class SecondModule {}

/** Exports again what imports it. */
@Module({ imports: [forwardRef(() => AsksModule)], exports: [forwardRef(() => AsksModule)] })
class CircularModule {}

@Module({
  imports: [forwardRef(() => CircularModule), SecondModule, FirstModule],
  providers: [Asks],
  exports: [FirstModule],
})
class AsksModule {}

it('looks up what Nest injects, in a circle of modules, too', async () => {
  const testing = await Test.createTestingModule({ imports: [AsksModule] }).compile();
  const injected = testing.get(Asks, { strict: false }).asked;
  const modules = [...testing.get(ModulesContainer, { strict: false }).values()];
  const asking = modules.find(({ metatype }) => metatype === AsksModule);
  expect(injected).toBe(first);
  expect(asking && lookUp(asking, Asked)?.instance).toBe(first);
  await testing.close();
});
