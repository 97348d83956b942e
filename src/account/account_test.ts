import { expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { openAccount } from "./mod.ts";

test("Account.close saves and closes everything when a listener of onClosing throws", async () => {
  const database = new MemoryDatabase();
  const host = fakeHost({ seed: 1 });
  const account = await openAccount({ backend: memoryBackend({ database }), host });
  const calls: string[] = [];
  account.onClosing(() => {
    calls.push("first");
    throw new Error("secret");
  });
  account.onClosing(() => calls.push("second"));
  account.device.processCommand({ kind: "setPushName", pushName: "kept" });
  await account.close();
  expect(calls).toEqual(["first", "second"]);
  expect(account.stats().state).toBe("closed");
  const again = await openAccount({ backend: memoryBackend({ database }), host });
  expect(again.device.getDeviceSnapshot().pushName).toBe("kept");
  await again.close();
});
