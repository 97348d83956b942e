import { createHmac } from "node:crypto";
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
} from "baileys/lib/Signal/Group/index.js";
import { describe, expect, test } from "vitest";
import { CorruptError } from "../errors/mod.ts";
import { senderKeyToRecord } from "./convert/mod.ts";
import { NodeSenderKeyRecord, nodeSenderKeyCodec } from "./node_sender_key_record.ts";

const NAME = new SenderKeyName("1203@g.us", {
  id: "1000_1",
  deviceId: 7,
  toString: () => "1000_1.7",
} as never);

/** A member of a group over Baileys' own code, whose sender key is stored as in the cache. */
class Member {
  record: NodeSenderKeyRecord | undefined;

  async loadSenderKey(): Promise<SenderKeyRecord> {
    return this.record === undefined ? new SenderKeyRecord() : SenderKeyRecord.deserialize(this.record.bytes);
  }

  async storeSenderKey(_: unknown, key: SenderKeyRecord): Promise<void> {
    const record = NodeSenderKeyRecord.parse(Buffer.from(JSON.stringify(key.serialize())), this.record);
    nodeSenderKeyCodec.prune(record);
    this.record = record;
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

  get next(): number | undefined {
    return this.record?.sending?.next;
  }
}

function recordOf(member: Member): NodeSenderKeyRecord {
  if (member.record === undefined) throw new Error("no sender key");
  return member.record;
}

async function group(): Promise<[sender: Member, receiver: Member]> {
  const [sender, receiver] = [new Member(), new Member()];
  await receiver.accept(await sender.distribute());
  return [sender, receiver];
}

describe("NodeSenderKeyRecord", () => {
  test("takes two iterations per message and keeps no key", async () => {
    const [sender, receiver] = await group();
    const counters = [sender.next];
    let size = 0;
    for (let n = 0; n < 50; n += 1) {
      expect(await receiver.decrypt(await sender.encrypt(`${n}`))).toBe(`${n}`);
      counters.push(sender.next);
      size = recordOf(sender).bytes.length;
    }
    expect(counters.slice(0, 5)).toEqual([0, 1, 3, 5, 7]);
    expect(size).toBeLessThan(500);
    expect(recordOf(receiver).sending).toBeUndefined();
  });

  test("encodes as the converter does, and decodes again", async () => {
    const [sender, receiver] = await group();
    const messages: Uint8Array[] = [];
    for (let n = 0; n < 12; n += 1) messages.push(await sender.encrypt(`${n}`));
    for (const n of [3, 11, 7]) expect(await receiver.decrypt(messages[n] ?? new Uint8Array())).toBe(`${n}`);
    for (const member of [sender, receiver]) {
      const record = recordOf(member);
      const bytes = nodeSenderKeyCodec.encode(record);
      expect(bytes).toEqual(senderKeyToRecord(record.bytes));
      const back = nodeSenderKeyCodec.decode(bytes);
      expect(back.bytes).toEqual(record.bytes);
      expect(back.sending).toEqual(record.sending);
    }
    // Skipped keys work, even after they were stored: Baileys itself could not read them back.
    expect(await receiver.decrypt(messages[5] ?? new Uint8Array())).toBe("5");
    receiver.record = nodeSenderKeyCodec.decode(nodeSenderKeyCodec.encode(recordOf(receiver)));
    expect(await receiver.decrypt(messages[9] ?? new Uint8Array())).toBe("9");
  });

  test.each([1, 2, 63, 64, 1_500])("stays readable for members after burning up to %i", async (bound) => {
    const [sender, receiver] = await group();
    const before = recordOf(sender);
    const record = nodeSenderKeyCodec.copy(before);
    const chain = record.sending?.id ?? "";
    record.fastForward(chain, bound);
    expect(record.sending).toEqual({ id: chain, next: bound, isResumed: false });
    record.fastForward(chain, 0);
    expect(record.sending?.next).toBe(bound);
    expect(before.sending?.next).toBe(0);
    let key = seedOf(before);
    for (let n = 0; n < bound; n += 1) key = createHmac("sha256", key).update(Buffer.of(2)).digest();
    expect(seedOf(record)).toEqual(key);
    sender.record = record;
    expect(await receiver.decrypt(await sender.encrypt("after"))).toBe("after");
  });

  test("rejects an invalid fast-forward and changes nothing", async () => {
    const [sender, receiver] = await group();
    const record = recordOf(sender);
    const { bytes } = record;
    expect(() => record.fastForward(record.sending?.id ?? "", 2_001)).toThrow(RangeError);
    expect(() => record.fastForward("another", 1)).toThrow(RangeError);
    expect(() => recordOf(receiver).fastForward(record.sending?.id ?? "", 1)).toThrow(RangeError);
    expect(record.bytes).toEqual(bytes);
  });

  test("returns the same chain object while nothing is sent", async () => {
    const [sender] = await group();
    const before = recordOf(sender);
    expect(NodeSenderKeyRecord.parse(before.bytes, before).sending).toBe(before.sending);
    expect(before.copy().sending).toBe(before.sending);
    await sender.encrypt("1");
    expect(recordOf(sender).sending).not.toBe(before.sending);
    expect(recordOf(sender).sending?.id).toBe(before.sending?.id);
  });

  test("has no own key after close, so that Baileys creates another", async () => {
    const [sender, receiver] = await group();
    const id = recordOf(sender).sending?.id;
    nodeSenderKeyCodec.close(recordOf(sender));
    expect(recordOf(sender).isEmpty).toBe(true);
    expect(nodeSenderKeyCodec.encode(recordOf(sender))).toHaveLength(0);
    await receiver.accept(await sender.distribute());
    expect(recordOf(sender).sending?.id).not.toBe(id);
    expect(await receiver.decrypt(await sender.encrypt("again"))).toBe("again");
  });
});

describe("NodeSenderKeyRecord.absorb", () => {
  test("keeps its own key of two, or the only one", async () => {
    const [mine, other] = [(await group())[0], (await group())[0]];
    const record = recordOf(mine).copy();
    record.absorb(recordOf(other));
    expect(record.sending).toEqual(recordOf(mine).sending);
    expect(JSON.parse(Buffer.from(record.bytes).toString())).toHaveLength(1);
    const empty = NodeSenderKeyRecord.of([]);
    empty.absorb(recordOf(other));
    expect(empty.sending).toEqual(recordOf(other).sending);
  });

  test("reads messages of both records of a peer", async () => {
    const [sender, first] = await group();
    const early = await sender.encrypt("early");
    const second = new Member();
    await second.accept(await sender.distribute());
    const [late, last] = [await sender.encrypt("late"), await sender.encrypt("last")];
    expect(await second.decrypt(last)).toBe("last");
    for (const [into, from] of [
      [first, second],
      [second, first],
    ] as const) {
      const merged = new Member();
      merged.record = recordOf(into).copy();
      merged.record.absorb(recordOf(from));
      for (const [message, text] of [
        [late, "late"],
        [early, "early"],
        [await sender.encrypt("next"), "next"],
      ] as const) {
        expect(await merged.decrypt(message)).toBe(text);
      }
    }
  });

  test("keeps the newest state last, as Baileys does", async () => {
    const [[theirs], [ours]] = [await group(), await group()];
    const [lid, pn] = [new Member(), new Member()];
    await lid.accept(await theirs.distribute());
    await pn.accept(await ours.distribute());
    const record = recordOf(lid).copy();
    record.absorb(recordOf(pn));
    const ids = (bytes: Uint8Array): number[] =>
      JSON.parse(Buffer.from(bytes).toString()).map(
        ({ senderKeyId }: { senderKeyId: number }) => senderKeyId,
      );
    expect(ids(record.bytes)).toEqual([...ids(recordOf(pn).bytes), ...ids(recordOf(lid).bytes)]);
  });
});

describe("NodeSenderKeyRecord.parse", () => {
  test("gives one chain id with and without the key's prefix", () => {
    const bytes = (length: number, fill: number) => Buffer.alloc(length, fill);
    const state = {
      senderKeyId: 7,
      senderChainKey: { iteration: 3, seed: bytes(32, 1) },
      senderSigningKey: { public: bytes(32, 2), private: bytes(32, 3) },
      senderMessageKeys: [],
    };
    const record = NodeSenderKeyRecord.parse(Buffer.from(JSON.stringify([state])));
    expect(nodeSenderKeyCodec.decode(nodeSenderKeyCodec.encode(record)).sending).toEqual(record.sending);
  });

  test.each(["[", "{}", "[1]", '[{"senderChainKey":{}}]'])("rejects %s", (text) => {
    expect(() => NodeSenderKeyRecord.parse(text)).toThrow(CorruptError);
  });
});

function seedOf(record: NodeSenderKeyRecord): Buffer {
  const [state] = JSON.parse(Buffer.from(record.bytes).toString());
  return Buffer.from(state.senderChainKey.seed.data, "base64");
}
