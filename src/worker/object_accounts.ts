import type { DeviceCommand, RedactedDevice } from "../device/mod.ts";
import type { CallAnswer, CallScope } from "../protocol/mod.ts";
import { encodePlainValue } from "../records/mod.ts";
import type {
  AccountHandle,
  AccountService,
  AccountSnapshot,
  AccountStats,
  FlushSummary,
  Registry,
  SnapshotOptions,
} from "../service/mod.ts";
import {
  addressHeaders,
  type CallAddress,
  isStreamed,
  type Operation,
  SCOPED_HEADERS,
} from "./account_call.ts";
import { callObject, plainValueOf } from "./object_call.ts";
import type { ObjectNamespaceLike } from "./object_types.ts";

/**
 * Accounts that live in Durable Objects, one in each: an `AccountService` for a Worker. Every call is one request to the account's
 * object, found by the account's name.
 *
 * @param namespace The binding of `AccountDurableObject`, or of a class of your own that extends it.
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
 * // What a Worker's `fetch` does.
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
  const call = (
    operation: Operation,
    body: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> => {
    const stub = namespace.get(namespace.idFromName(address.account));
    return callObject(stub, operation, { body, headers: { ...addressHeaders(address), ...headers } });
  };
  const ask = async <T>(operation: Operation, argument?: unknown): Promise<T> =>
    await plainValueOf<T>(await call(operation, encodePlainValue(argument)));
  return {
    device: () => ask<RedactedDevice | undefined>("device"),
    command: (commands: readonly DeviceCommand[]) => ask<FlushSummary>("command", commands),
    flush: () => ask<FlushSummary>("flush"),
    stats: () => ask<AccountStats>("stats"),
    snapshot: (options: SnapshotOptions) => ask<AccountSnapshot>("snapshot", options),
    answer: async (body: Uint8Array, scope: CallScope): Promise<CallAnswer> => {
      const response = await call("answer", body, scope.account === undefined ? {} : SCOPED_HEADERS);
      return isStreamed(response) && response.body !== null
        ? pieces(response.body)
        : new Uint8Array(await response.arrayBuffer());
    },
    destroy: async () => {
      await call("destroy", encodePlainValue(undefined));
    },
  };
}

async function* pieces(body: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = body.getReader();
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isOver = done;
      if (done || value === undefined) return;
      yield value;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => {});
  }
}
