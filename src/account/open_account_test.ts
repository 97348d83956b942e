import { expect, test } from "vitest";
import { type MemoryBackendOptions, MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { openAccount } from "./mod.ts";

test("smoke", async () => {
  const host = fakeHost();
  const database = new MemoryDatabase();
  const options: MemoryBackendOptions = { database, clock: host.clock };
  const account = await openAccount({ backend: memoryBackend(options), host });
  account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
  const keys = await account.device.generatePreKeys(3);
  expect(keys.map(({ id }) => id)).toEqual([1, 2, 3]);
  await account.close();
  const again = await openAccount({ backend: memoryBackend(options), host });
  expect(again.device.getDeviceSnapshot().pushName).toBe("Ada");
  expect(again.device.getDeviceSnapshot().nextPreKeyId).toBe(4);
  await again.close();
});
