import * as nest from '@nestjs/common';
import { beforeEach, describe, expect, it } from 'vitest';
import { NestErrors } from '../../lib/reference/nest-errors.js';

const { ConflictException, IntrinsicException } = nest;

describe("Nest's error classes, where Nest was not needed yet", () => {
  let errors: NestErrors;

  beforeEach(() => {
    errors = new NestErrors();
  });

  it.each([
    ['one of them', ConflictException, '@nestjs/common:ConflictException'],
    ['the one that they all extend', IntrinsicException, '@nestjs/common:IntrinsicException'],
    ['a class that extends one of them', class Taken extends ConflictException {}, undefined],
  ])('are known when one asks for %s', async (_, errorClass, name) => {
    expect(errors.nameOf(ConflictException)).toBeUndefined();
    await errors.learn(errorClass);
    expect(errors.nameOf(errorClass)).toBe(name);
    expect(errors.find('@nestjs/common:ConflictException', true)).toBe(ConflictException);
  });

  it('are not loaded for other classes', async () => {
    await errors.learn(class Other extends RangeError {});
    expect(errors.nameOf(ConflictException)).toBeUndefined();
    expect(errors.find('nestjs-executor:ExecutorTimeoutError', true)).toBeUndefined();
  });

  it('are loaded when one is looked up, and none that there is not', async () => {
    expect(await errors.find('@nestjs/common:ConflictException', true)).toBe(ConflictException);
    expect(errors.find('@nestjs/common:NoSuchException', true)).toBeUndefined();
  });

  it('are known at once where Nest can be required', () => {
    const required: string[] = [];
    errors.beRequired((name) => {
      required.push(name);
      return nest;
    });
    expect(errors.nameOf(class Other extends RangeError {})).toBeUndefined();
    expect(required).toEqual([]);
    expect(errors.nameOf(ConflictException)).toBe('@nestjs/common:ConflictException');
    expect(errors.find('@nestjs/common:IntrinsicException', true)).toBe(IntrinsicException);
    expect(required).toEqual(['@nestjs/common']);
  });

  it('are not misled by a class that cannot be asked', () => {
    const asked = { get: () => expect.unreachable() };
    expect(errors.nameOf(new Proxy(RangeError, asked))).toBeUndefined();
  });

  it('are known at once where Nest is there', () => {
    errors.know(nest);
    expect(errors.nameOf(ConflictException)).toBe('@nestjs/common:ConflictException');
  });
});
