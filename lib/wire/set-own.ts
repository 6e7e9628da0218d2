/** Not by assignment: the key may be `__proto__`, or one for which a prototype has a setter. */
export function setOwn(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
}
