import { durableObjectDriver, type ObjectStorageLike } from "../adapters/durable_object/mod.ts";
import { systemClock } from "../ports/mod.ts";
import { OpenOnce, type Registry, SqlRegistry } from "../service/mod.ts";
import { consoleLogger } from "./console_logger.ts";
import { answerObjectCall, callName } from "./object_call.ts";
import { PLAIN_ANSWER, PLAIN_INPUT } from "./plain_carrier.ts";

/** The methods that can be called. A new method of the registry does not compile until it is listed here. */
export const REGISTRY_METHODS: { readonly [M in keyof Registry]: true } = {
  addAccount: true,
  addToken: true,
  admit: true,
  beginDelete: true,
  endDelete: true,
  limitAccount: true,
  listAccounts: true,
  listActions: true,
  listTokens: true,
  recordAction: true,
  revokeToken: true,
};

/** The registry in the storage of a Durable Object, and its answers to the Worker. */
export class RegistryObject {
  readonly #registry: OpenOnce<Registry>;

  constructor({ storage }: { readonly storage: ObjectStorageLike }) {
    this.#registry = new OpenOnce(() => SqlRegistry.open(durableObjectDriver(storage), systemClock));
  }

  /** Answers a call of the Worker. */
  async fetch(request: Request): Promise<Response> {
    return await answerObjectCall(request, consoleLogger, async () => {
      const method = callName(request) ?? "";
      if (!Object.hasOwn(REGISTRY_METHODS, method)) throw new TypeError("call registry: unknown method");
      const args = await PLAIN_INPUT.decode<unknown[]>(request);
      const registry = await this.#registry.get();
      const call = registry[method as keyof Registry] as (...args: unknown[]) => Promise<unknown>;
      return PLAIN_ANSWER.encode(await call.apply(registry, args));
    });
  }
}
