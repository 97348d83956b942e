import type { BackendReads, ReadMethod } from "./backend.ts";
import { READ_METHODS } from "./reads.ts";

/** The method that carries out every read of an object that forwards them. */
export const READ: unique symbol = Symbol("read");

/** Carries out a read, with the arguments and the answer of the method of that name. */
export interface ForwardedReads {
  [READ](method: ReadMethod, args: readonly unknown[]): unknown;
}

abstract class Forwarding implements ForwardedReads {
  static {
    for (const method of READ_METHODS) {
      const methods = {
        [method](this: Forwarding, ...args: unknown[]): unknown {
          return this[READ](method, args);
        },
      };
      Object.defineProperty(Forwarding.prototype, method, {
        value: methods[method],
        writable: true,
        configurable: true,
      });
    }
  }

  abstract [READ](method: ReadMethod, args: readonly unknown[]): unknown;
}

/**
 * Base of objects that have every read of the contract and carry all of them out in one place, `[READ]`. The
 * methods stand on the prototype: an object that forwards takes no memory for them.
 */
export const ForwardingReads: abstract new () => BackendReads & ForwardedReads =
  Forwarding as unknown as abstract new () => BackendReads & ForwardedReads;

/** Calls the method of a read. */
export function callRead(reads: object, method: ReadMethod, args: readonly unknown[]): unknown {
  return (reads as Readonly<Record<ReadMethod, (...args: readonly unknown[]) => unknown>>)[method](...args);
}
