/** Reads that fail for a moment: what is stored must survive what Baileys makes of them. */
import { expect, test } from "vitest";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { BackendError } from "../../src/errors/mod.ts";
import { openPeer } from "./holdfast_peer.ts";

test("a session that cannot be read for a moment is not replaced by a new one", async () => {
  const faults = new MemoryFaults();
  const database = new MemoryDatabase();
  const open = () => openPeer("100000000000001@lid", memoryBackend({ database, faults }));
  let annas = await open();
  const bens = await openPeer("100000000000002@lid", memoryBackend());
  let { peer: anna } = annas;
  const { peer: ben } = bens;
  await anna.greet(ben, 1);
  await ben.receive(anna, await anna.send(ben, "hello"));
  await anna.receive(ben, await ben.send(anna, "answer"));
  const underWay = await ben.send(anna, "under way");
  const info = await anna.repository.getSessionInfo(ben.jid);

  const { signedPreKey, signedIdentityKey, registrationId } = ben.creds;
  const prefixed = (key: Uint8Array): Buffer => Buffer.concat([Buffer.of(5), key]);
  const { 2: preKey } = await ben.socketKeys.get("pre-key", ["2"]);
  if (preKey === undefined) throw new Error("there is no pre-key 2");
  const bundle = {
    registrationId,
    identityKey: prefixed(signedIdentityKey.public),
    signedPreKey: {
      keyId: signedPreKey.keyId,
      publicKey: prefixed(signedPreKey.keyPair.public),
      signature: signedPreKey.signature,
    },
    preKey: { keyId: 2, publicKey: prefixed(preKey.public) },
  };
  // What is in memory is not read.
  await annas.account.close();
  annas = await open();
  anna = annas.peer;
  faults.failReads(new BackendError("read: the disk is away"));
  await expect(anna.repository.injectE2ESession({ jid: ben.jid, session: bundle })).rejects.toThrow(
    "the disk is away",
  );
  // Nor is its message one that cannot be decrypted: its reader is told why, and may ask again.
  await expect(anna.receive(ben, underWay)).rejects.toThrow("the disk is away");
  await expect(anna.send(ben, "not now")).rejects.toThrow("the disk is away");
  faults.failReads(undefined);

  expect(await anna.repository.getSessionInfo(ben.jid)).toEqual(info);
  expect(await anna.receive(ben, underWay)).toBe("under way");
  // Once it can be read the same call goes through, and keeps the old session beside the new one.
  const later = await ben.send(anna, "later");
  await anna.repository.injectE2ESession({ jid: ben.jid, session: bundle });
  expect(await anna.receive(ben, later)).toBe("later");
  await annas.account.close();
  await bens.account.close();
});
