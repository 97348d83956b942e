import type { Registry } from "../service/mod.ts";
import { callObject } from "./object_call.ts";
import type { ObjectNamespaceLike } from "./object_types.ts";
import { PLAIN_ANSWER, PLAIN_INPUT } from "./plain_carrier.ts";
import { REGISTRY_METHODS } from "./registry_object.ts";

/** Name of the object that is the registry of a Worker. */
const NAME = "registry";

/** Returns the registry of a Worker, which forwards each call to the registry's object. */
export function objectRegistry<Id>(namespace: ObjectNamespaceLike<Id>): Registry {
  const call =
    (method: string) =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      const stub = namespace.get(namespace.idFromName(NAME));
      return await PLAIN_ANSWER.decode(await callObject(stub, method, PLAIN_INPUT.encode(args)));
    };
  const methods = Object.keys(REGISTRY_METHODS).map((method) => [method, call(method)]);
  return Object.fromEntries(methods) as Registry;
}
