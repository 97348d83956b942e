/** Reads that fail temporarily. Stored state must survive Baileys' reaction to them. */
import { describe, expect, test } from "vitest";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { BackendError } from "../../src/errors/mod.ts";
import { openPeer } from "./holdfast_peer.ts";

describe("baileysAuthState with failing reads", () => {
  test("does not replace a session that temporarily cannot be read", async () => {
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
    // Closing drops the session from memory, so that it must be read.
    await annas.account.close();
    annas = await open();
    anna = annas.peer;
    faults.failReads(new BackendError("read: the disk is away"));
    await expect(anna.repository.injectE2ESession({ jid: ben.jid, session: bundle })).rejects.toThrow(
      "the disk is away",
    );
    // Its message does not count as undecryptable either: the receiver gets the error and may retry.
    await expect(anna.receive(ben, underWay)).rejects.toThrow("the disk is away");
    await expect(anna.send(ben, "not now")).rejects.toThrow("the disk is away");
    faults.failReads(undefined);

    expect(await anna.repository.getSessionInfo(ben.jid)).toEqual(info);
    expect(await anna.receive(ben, underWay)).toBe("under way");
    // Once the session can be read, the same call succeeds and keeps the old session beside the new one.
    const later = await ben.send(anna, "later");
    await anna.repository.injectE2ESession({ jid: ben.jid, session: bundle });
    expect(await anna.receive(ben, later)).toBe("later");
    await annas.account.close();
    await bens.account.close();
  });
});
