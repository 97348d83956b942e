import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { nodeCrypto } from "../../../src/sealing/host_crypto.ts";
import type { RegisterTest } from "../../../src/testing/mod.ts";
import { durableObjectTarget } from "../../kit/durable_object.ts";
import { registerTargets } from "../../kit/register.ts";
import { testSealing, valueCases } from "../../kit/sealed.ts";
import type { TestStorage } from "./objects.ts";

/** The storage of the object in which the current case runs. Cases run one after the other. */
let current: TestStorage | undefined;

function storage(): TestStorage {
  if (current === undefined) throw new Error("no case is running in an object");
  return current;
}

const inObject: RegisterTest = (name, run) =>
  test(name, () => {
    const stub = env.OBJECTS.get(env.OBJECTS.idFromName(name));
    return runInDurableObject(stub, async (_instance, state) => {
      current = state.storage;
      await run();
    });
  });

registerTargets([durableObjectTarget(storage)], inObject);
registerTargets([durableObjectTarget(storage, testSealing())], inObject, { cases: valueCases });

test("values are sealed by WebCrypto, which is the faster one here", () => {
  expect(nodeCrypto()).toBeUndefined();
});
