import { type AccountHandle, type AccountService, forwardOperations, operationRow } from "../service/mod.ts";
import { addressHeaders, type CallAddress } from "./account_call.ts";
import { callObject } from "./object_call.ts";
import { objectRegistry } from "./object_registry.ts";
import type { ObjectNamespaceLike } from "./object_types.ts";
import { ANSWER_CARRIERS, INPUT_CARRIERS, type InputCarrier } from "./operation_carriers.ts";

/** The bindings of a Worker that serves accounts, as wrangler.toml of this package names them. */
export interface AccountBindings<AccountId = unknown, RegistryId = unknown> {
  /** Objects of `AccountDurableObject`, of a class that extends it, or of `accountObject`. */
  readonly ACCOUNTS: ObjectNamespaceLike<AccountId>;
  /** Objects of `RegistryDurableObject` or of `registryObject`. */
  readonly REGISTRY: ObjectNamespaceLike<RegistryId>;
}

/**
 * Creates the `AccountService` of a Worker, whose accounts live in Durable Objects, one in each. An operation
 * is one request to the account's object, which is found by the account's name.
 *
 * `serveAccounts` serves them without further code. Use this for an application of your own.
 *
 * @example
 * ```ts
 * import { createApp } from "@holdfast/store/http";
 * import { type AccountBindings, objectAccounts } from "@holdfast/store/worker";
 *
 *  // The `fetch` of a Worker.
 * function serve(request: Request, env: AccountBindings & { ADMIN_TOKEN: string }): Response | Promise<Response> {
 *   return createApp({ accounts: objectAccounts(env), adminToken: env.ADMIN_TOKEN }).fetch(request);
 * }
 * ```
 */
export function objectAccounts<AccountId, RegistryId>(
  bindings: AccountBindings<AccountId, RegistryId>,
): AccountService {
  return {
    registry: objectRegistry(bindings.REGISTRY),
    account: (account, registeredAtMs, limits) =>
      accountHandle(bindings.ACCOUNTS, { account, registeredAtMs, limits }),
  };
}

function accountHandle<Id>(namespace: ObjectNamespaceLike<Id>, address: CallAddress): AccountHandle {
  return forwardOperations(async (operation, input) => {
    const { takes, answers } = operationRow(operation);
    const carrier: InputCarrier = INPUT_CARRIERS[takes];
    const { body, headers } = carrier.encode(input as Parameters<typeof carrier.encode>[0]);
    const stub = namespace.get(namespace.idFromName(address.account));
    const response = await callObject(stub, operation, {
      body,
      headers: { ...addressHeaders(address), ...headers },
    });
    return await ANSWER_CARRIERS[answers].decode(response);
  });
}
