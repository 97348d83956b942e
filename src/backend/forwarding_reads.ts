import type { BackendReads, ReadMethod } from "./backend.ts";
import { READ_METHODS } from "./reads.ts";

/** The method through which an object forwards every read. */
export const READ: unique symbol = Symbol("read");

/** Performs a read with the arguments and the result of the method of that name. */
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
 * Base class of objects that forward every read of the contract to `[READ]`. The methods are on the
 * prototype, so they take no memory per object.
 */
export const ForwardingReads: abstract new () => BackendReads & ForwardedReads =
  Forwarding as unknown as abstract new () => BackendReads & ForwardedReads;

/** Calls the method of a read. */
export function callRead(reads: object, method: ReadMethod, args: readonly unknown[]): unknown {
  return (reads as Readonly<Record<ReadMethod, (...args: readonly unknown[]) => unknown>>)[method](...args);
}
