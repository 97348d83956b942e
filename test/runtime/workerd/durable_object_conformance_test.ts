import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { test } from "vitest";
import { durableObjectTarget } from "../../kit/durable_object.ts";
import { registerTargets } from "../../kit/register.ts";
import type { TestStorage } from "./objects.ts";

/** The storage of the object in which the current case runs. Cases run one after the other. */
let current: TestStorage | undefined;

const target = durableObjectTarget(() => {
  if (current === undefined) throw new Error("no case is running in an object");
  return current;
});

registerTargets([target], (name, run) =>
  test(name, () => {
    const stub = env.OBJECTS.get(env.OBJECTS.idFromName(name));
    return runInDurableObject(stub, async (_instance, { storage }) => {
      current = storage;
      await run();
    });
  }),
);
