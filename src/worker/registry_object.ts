import { durableObjectDriver, type ObjectStorageLike } from "../adapters/durable_object/mod.ts";
import { systemClock } from "../ports/mod.ts";
import { type Registry, SqlRegistry } from "../service/mod.ts";
import { consoleLogger } from "./console_logger.ts";
import { answerError, callName, callObject } from "./object_call.ts";
import type { ObjectNamespaceLike } from "./object_types.ts";
import { PLAIN_ANSWER, PLAIN_INPUT } from "./plain_carrier.ts";

/** Name of the object that is the registry of a Worker. */
const NAME = "registry";

/** The methods that can be called. A new method of the registry does not compile until it is here. */
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

/** The Durable Object that keeps the names of accounts and the hashes of tokens. Only the Worker calls it. */
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
      const args = await PLAIN_INPUT.decode<unknown[]>(request);
      const registry = await this.#open();
      const call = registry[method as keyof Registry] as (...args: unknown[]) => Promise<unknown>;
      return PLAIN_ANSWER.encode(await call.apply(registry, args));
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
 * Returns the registry of a Worker, which forwards to an object of its own.
 *
 * @param namespace The binding of `RegistryDurableObject`.
 */
export function objectRegistry<Id>(namespace: ObjectNamespaceLike<Id>): Registry {
  const call =
    (method: string) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const stub = namespace.get(namespace.idFromName(NAME));
      return await PLAIN_ANSWER.decode(await callObject(stub, method, PLAIN_INPUT.encode(args)));
    };
  return Object.fromEntries(
    Object.keys(METHODS).map((method) => [method, call(method)]),
  ) as unknown as Registry;
}
