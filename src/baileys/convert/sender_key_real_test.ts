/** Conversions of sender keys from Baileys, which must keep working afterwards. */
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
} from "baileys/lib/Signal/Group/index.js";
import { describe, expect, test } from "vitest";
import { rustLibrary } from "../../../test/support/signal/library_peer.ts";
import { decodeSenderKeyRecord } from "../../records/mod.ts";
import { recordToSenderKey, senderKeyToRecord } from "./sender_key.ts";

const NAME = new SenderKeyName("1203@g.us", {
  id: "1000_1",
  deviceId: 7,
  toString: () => "1000_1.7",
} as never);

/** A member of a group over Baileys' own code, whose sender keys are stored as standard records. */
class Member {
  record = new Uint8Array(0);

  async loadSenderKey(): Promise<SenderKeyRecord> {
    return this.record.length === 0
      ? new SenderKeyRecord()
      : SenderKeyRecord.deserialize(recordToSenderKey(this.record));
  }

  async storeSenderKey(_: unknown, key: SenderKeyRecord): Promise<void> {
    this.record = new Uint8Array(senderKeyToRecord(Buffer.from(JSON.stringify(key.serialize()))));
  }

  async distribute(): Promise<Uint8Array> {
    return (await new GroupSessionBuilder(this as never).create(NAME)).serialize();
  }

  async accept(message: Uint8Array): Promise<void> {
    const parsed = new SenderKeyDistributionMessage(null, null, null, null, message);
    await new GroupSessionBuilder(this as never).process(NAME, parsed);
  }

  async encrypt(text: string): Promise<Uint8Array> {
    return await new GroupCipher(this as never, NAME).encrypt(Buffer.from(text));
  }

  async decrypt(message: Uint8Array): Promise<string> {
    return Buffer.from(await new GroupCipher(this as never, NAME).decrypt(message)).toString();
  }
}

describe("senderKeyToRecord with Baileys' sender keys", () => {
  test("keeps groups readable in any order, over several keys", async () => {
    const sender = new Member();
    const receiver = new Member();
    const late: [Uint8Array, string][] = [];
    for (let round = 0; round < 7; round++) {
      sender.record = new Uint8Array(0);
      await receiver.accept(await sender.distribute());
      for (let i = 0; i < 6; i++) {
        const text = `${round} ${i}`;
        const message = await sender.encrypt(text);
        if (i % 3 === 0) late.push([message, text]);
        else expect(await receiver.decrypt(message)).toBe(text);
      }
    }
    // A record keeps five sender keys. Those of the first two rounds are dropped.
    for (const [message, text] of late.reverse()) {
      if (/^[01]/.test(text)) await expect(receiver.decrypt(message)).rejects.toThrow("No session found");
      else expect(await receiver.decrypt(message)).toBe(text);
    }
  });

  test("keeps our own sender key small over many messages", async () => {
    const sender = new Member();
    const receiver = new Member();
    await receiver.accept(await sender.distribute());
    for (let i = 0; i < 20; i++) expect(await receiver.decrypt(await sender.encrypt(`${i}`))).toBe(`${i}`);
    expect(sender.record.length).toBeLessThan(200);
    expect(decodeSenderKeyRecord(sender.record).senderKeyStates[0]?.senderChainKey?.iteration).toBe(39);
  });

  test("exchanges sender keys between Baileys and the Rust library", async () => {
    const { GroupCipher: RustCipher, ProtocolAddress } = await rustLibrary();
    const sender = new Member();
    const receiver = new Member();
    const rust = (member: Member) =>
      new RustCipher(
        {
          loadSenderKey: async () => member.record,
          storeSenderKey: async (_: string, record: Uint8Array) => {
            member.record = new Uint8Array(record);
          },
        },
        "1203@g.us",
        new ProtocolAddress("1000_1", 7),
      );
    await receiver.accept(await sender.distribute());
    const skipped = await sender.encrypt("skipped");
    const readers = [
      (message: Uint8Array) => receiver.decrypt(message),
      async (message: Uint8Array) => Buffer.from(await rust(receiver).decrypt(message)).toString(),
    ];
    const writers = [
      (text: string) => sender.encrypt(text),
      (text: string) => rust(sender).encrypt(Buffer.from(text)),
    ];
    for (let i = 0; i < 12; i++) {
      const message = await writers[i % 2]?.(`${i}`);
      expect(await readers[(i >> 1) % 2]?.(message)).toBe(`${i}`);
    }
    expect(await readers[1]?.(skipped)).toBe("skipped");
  });
});
