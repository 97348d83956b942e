import { expect, test } from "vitest";
import { answeringFetch } from "../../test/kit/remote.ts";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { remoteBackend } from "../adapters/remote/mod.ts";
import { isSealed } from "../bytes/mod.ts";
import { SealedError } from "../errors/mod.ts";
import { HostedAccount } from "../service/hosted_account.ts";
import { fakeHost } from "../testing/mod.ts";
import { rotateKey } from "./rotate_key.ts";
import { sealing } from "./sealing.ts";

const ONE = new Uint8Array(32).fill(1);
const TWO = new Uint8Array(32).fill(2);

test("a service keeps what it cannot read", async () => {
  const database = new MemoryDatabase();
  const kept = memoryBackend({ database });
  const open = async (options: Parameters<typeof sealing>[0]) => {
    const backend = remoteBackend({
      url: "https://holdfast.example",
      token: "token",
      fetch: answeringFetch(() => kept),
      sealing: sealing(options),
    });
    return await openAccount({ backend, host: fakeHost() });
  };
  const account = await open({ keys: { one: ONE } });
  const key = new Uint8Array(32).fill(9);
  await account.store.putIdentity("1@lid.0", key);
  const { identityKey } = account.device.getDeviceSnapshot();

  // The service sees that the account is sealed, and opens it for no one.
  const host = fakeHost();
  const hosted = new HostedAccount({
    clock: host.clock,
    backend: async () => kept,
    open: () => openAccount({ backend: memoryBackend({ database }), host }),
  });
  expect(await hosted.device()).toMatchObject({ sealed: true, registrationId: expect.any(Number) });
  const snapshot = await hosted.snapshot({ unredacted: true });
  expect(JSON.stringify(snapshot)).not.toContain(Buffer.from(identityKey.privateKey).toString("base64"));
  await expect(hosted.commandDevice([{ kind: "incrementLoginCounter" }])).rejects.toThrow(SealedError);
  expect(isSealed((await kept.loadIdentity("1@lid.0")) ?? ONE)).toBe(true);

  // The owner is not fenced, and rotates through the service.
  expect(await account.store.loadIdentity("1@lid.0")).toEqual(key);
  await account.close();
  const rotated = await open({ keys: { one: ONE, two: TWO }, current: "two" });
  await rotateKey(rotated);
  await rotated.close();
  const again = await open({ keys: { two: TWO } });
  expect(await again.store.loadIdentity("1@lid.0")).toEqual(key);
  await again.close();
});
