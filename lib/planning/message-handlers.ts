import type { ModulesContainer } from '@nestjs/core';

/** Nest's metadata key of what `@MessagePattern()` and `@EventPattern()` stand on (`@nestjs/microservices`, constants). */
const MESSAGE_PATTERN = 'microservices:pattern';

/** Whether some controller of the application answers messages or events of a microservice. */
export function hasMessageHandlers(modules: ModulesContainer): boolean {
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      for (let owner: object | null = metatype?.prototype; owner; owner = Object.getPrototypeOf(owner)) {
        if (Object.values(Object.getOwnPropertyDescriptors(owner)).some(isMessageHandler)) return true;
      }
    }
  }
  return false;
}

function isMessageHandler({ value }: PropertyDescriptor): boolean {
  return typeof value === 'function' && Reflect.hasMetadata(MESSAGE_PATTERN, value);
}
