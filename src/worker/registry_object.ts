import { durableObjectDriver, type ObjectStorageLike } from "../adapters/durable_object/mod.ts";
import { systemClock } from "../ports/mod.ts";
import { decodePlainValue, encodePlainValue } from "../records/mod.ts";
import { type Registry, SqlRegistry } from "../service/mod.ts";
import { consoleLogger } from "./console_logger.ts";
import { answerError, answerValue, callName, callObject, plainValueOf } from "./object_call.ts";
import type { ObjectNamespaceLike } from "./object_types.ts";

/** Every registry of one Worker is the object of this name. */
const NAME = "registry";

/** A new method of the registry does not compile until it is here: what is not cannot be called. */
const METHODS: { readonly [M in keyof Registry]: true } = {
  addAccount: true,
  addToken: true,
  admit: true,
  beginDelete: true,
  endDelete: true,
  listAccounts: true,
  listTokens: true,
  revokeToken: true,
};

/** The Durable Object that knows which accounts there are, and which tokens let somebody in. Only the Worker calls it. */
export class RegistryDurableObject {
  readonly #storage: ObjectStorageLike;
  #registry: Promise<Registry> | undefined;

  constructor(ctx: { readonly storage: ObjectStorageLike }) {
    this.#storage = ctx.storage;
  }

  async fetch(request: Request): Promise<Response> {
    try {
      const method = callName(request) ?? "";
      if (!Object.hasOwn(METHODS, method)) throw new TypeError("call registry: unknown method");
      const args = decodePlainValue(new Uint8Array(await request.arrayBuffer())) as unknown[];
      const registry = await this.#open();
      const call = registry[method as keyof Registry] as (...args: unknown[]) => Promise<unknown>;
      return answerValue(await call.apply(registry, args));
    } catch (error) {
      return answerError(error, consoleLogger);
    }
  }

  async #open(): Promise<Registry> {
    this.#registry ??= SqlRegistry.open(durableObjectDriver(this.#storage), systemClock);
    const opening = this.#registry;
    try {
      return await opening;
    } catch (error) {
      if (this.#registry === opening) this.#registry = undefined;
      throw error;
    }
  }
}

/**
 * The registry of a Worker, in an object of its own.
 *
 * @param namespace The binding of `RegistryDurableObject`.
 */
export function objectRegistry<Id>(namespace: ObjectNamespaceLike<Id>): Registry {
  const call =
    (method: string) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const stub = namespace.get(namespace.idFromName(NAME));
      return await plainValueOf(await callObject(stub, method, { body: encodePlainValue(args) }));
    };
  return Object.fromEntries(
    Object.keys(METHODS).map((method) => [method, call(method)]),
  ) as unknown as Registry;
}
