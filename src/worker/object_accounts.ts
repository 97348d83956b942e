import {
  type AccountHandle,
  type AccountService,
  forwardOperations,
  operationRow,
  type Registry,
} from "../service/mod.ts";
import { addressHeaders, type CallAddress } from "./account_call.ts";
import { callObject } from "./object_call.ts";
import type { ObjectNamespaceLike } from "./object_types.ts";
import { ANSWER_CARRIERS, INPUT_CARRIERS, type InputCarrier } from "./operation_carriers.ts";

/**
 * Creates the `AccountService` of a Worker, whose accounts live in Durable Objects, one in each. An operation
 * is one request to the account's object, which is found by the account's name.
 *
 * @param namespace The binding of the class of the accounts' objects.
 *
 * @example
 * ```ts
 * import { createApp } from "@holdfast/store/http";
 * import { objectAccounts, objectRegistry, type ObjectNamespaceLike } from "@holdfast/store/worker";
 *
 * interface Env {
 *   readonly ACCOUNTS: ObjectNamespaceLike;
 *   readonly REGISTRY: ObjectNamespaceLike;
 *   readonly HOLDFAST_ADMIN_TOKEN: string;
 * }
 *
 * // The `fetch` of a Worker.
 * function serve(request: Request, env: Env): Response | Promise<Response> {
 *   const accounts = objectAccounts(env.ACCOUNTS, objectRegistry(env.REGISTRY));
 *   return createApp({ accounts, adminToken: env.HOLDFAST_ADMIN_TOKEN }).fetch(request);
 * }
 * ```
 */
export function objectAccounts<Id>(namespace: ObjectNamespaceLike<Id>, registry: Registry): AccountService {
  return {
    registry,
    account: (name, registeredAtMs) => accountHandle(namespace, { account: name, registeredAtMs }),
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
