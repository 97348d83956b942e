/**
 * A database that was copied, while the original sent on: a restored backup. Under a new restore epoch the
 * copy uses no stored sending chain again, by either library, and still reads what was on its way.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { SessionRecord } from "../../src/ratchet/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import {
  type Ciphertext,
  JSON_CODEC,
  LibraryPeer,
  type SessionCodec,
} from "../support/signal/library_peer.ts";
import { type HoldfastPeer, openPeer, openPlainPeer } from "./holdfast_peer.ts";
import { groupKeyName, messageKeyName } from "./signal_peer.ts";

const ANNA = "100000000000001:1@lid";
const BEN = "100000000000002:2@lid";
const GROUP = "120363000000000001@g.us";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-copy-"));
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

type Open = typeof openPeer;

function opener(open: Open, jid: string): (name: string, restoreEpoch?: number) => Promise<HoldfastPeer> {
  return async (name, restoreEpoch = 0) => {
    const opened = await open(jid, libsqlBackend({ url: `file:${join(folder, name)}` }), {
      saverIntervalMs: "manual",
      housekeeping: false,
      signal: { restoreEpoch },
    });
    opened.peer.creds.me = { id: "15550000001:1@s.whatsapp.net", lid: jid };
    opened.peer.creds.account = { details: Buffer.from([1]) };
    await opened.saveCreds();
    return opened;
  };
}

describe("baileysAuthState on a restored copy", () => {
  test.each([
    ["signalRepository", openPeer],
    ["the key store alone", openPlainPeer],
  ] as const)("reuses no key and reads late mail (%s)", async (_, open) => {
    const openAnna = opener(open, ANNA);
    const anna = await openAnna("anna.db");
    const ben = await openPeer(BEN, memoryBackend({ database: new MemoryDatabase() }));
    const preKey = ben.peer.creds.firstUnuploadedPreKeyId;
    const talk = async (from: HoldfastPeer, to: HoldfastPeer, text: string): Promise<void> => {
      expect(await to.peer.receive(from.peer, await from.peer.send(to.peer, text))).toBe(text);
    };
    await anna.peer.greet(ben.peer, preKey);
    await talk(anna, ben, "first session");
    await talk(ben, anna, "answer");
    const early = await ben.peer.send(anna.peer, "on the first session");
    await anna.peer.greet(ben.peer, preKey + 1);
    await talk(anna, ben, "second session");
    await talk(ben, anna, "answer");
    await anna.peer.sendToGroup(GROUP, "0");
    await anna.keys.set({ "sender-key-memory": { [GROUP]: { [BEN]: true } } });
    await anna.account.close();
    copyFileSync(join(folder, "anna.db"), join(folder, "copy.db"));

    const used = new Set<string>();
    const original = await openAnna("anna.db");
    for (let n = 0; n < 5; n += 1) {
      used.add(messageKeyName(await original.peer.send(ben.peer, `${n}`)));
      used.add(groupKeyName((await original.peer.sendToGroup(GROUP, `${n}`)).message));
    }
    await original.account.close();
    expect(used.size).toBe(10);
    const late = await ben.peer.send(anna.peer, "late");

    const copy = await openAnna("copy.db", 1);
    const fresh = (name: string): void => expect(used.has(name), name).toBe(false);
    expect(await copy.peer.repository.validateSession(BEN)).toMatchObject({ exists: false });
    await expect(copy.peer.send(ben.peer, "no")).rejects.toThrow();
    expect(await copy.keys.get("sender-key-memory", [GROUP])).toEqual({});
    expect(await copy.peer.receive(ben.peer, late)).toBe("late");
    expect(await copy.peer.receive(ben.peer, early)).toBe("on the first session");
    // Late mail opens nothing.
    expect(await copy.peer.repository.validateSession(BEN)).toMatchObject({ exists: false });

    await copy.peer.greet(ben.peer, preKey + 2);
    expect(await copy.peer.repository.validateSession(BEN)).toEqual({ exists: true });
    for (let n = 0; n < 5; n += 1) {
      const frame = await copy.peer.send(ben.peer, `anew ${n}`);
      fresh(messageKeyName(frame));
      expect(await ben.peer.receive(copy.peer, frame)).toBe(`anew ${n}`);
      const { message, senderKey } = await copy.peer.sendToGroup(GROUP, `group ${n}`);
      fresh(groupKeyName(message));
      await ben.peer.learnSenderKey(GROUP, copy.peer, senderKey);
      expect(await ben.peer.receiveFromGroup(GROUP, copy.peer, message)).toBe(`group ${n}`);
    }
    await copy.account.close();
    await ben.account.close();
  });
});

describe("signalCache on a restored copy", () => {
  test("reuses no key and reads late mail with the Rust library", async () => {
    const anna = new LibraryPeer("anna", JSON_CODEC as unknown as SessionCodec<never>);
    anna.engine = "rust";
    const ben = new LibraryPeer("ben", JSON_CODEC as unknown as SessionCodec<never>);
    const address = "ben.0";
    const open = async (name: string, restoreEpoch: number) => {
      const backend = libsqlBackend({ url: `file:${join(folder, name)}` });
      const account = await openAccount({ backend, saverIntervalMs: "manual", signal: { restoreEpoch } });
      const cache = signalCache(account);
      /** One step of the library on the cached record. */
      const step = async <T>(work: () => Promise<T>): Promise<T> => {
        const record = await cache.sessions.load(address);
        if (record === undefined) anna.sessions.delete(address);
        else anna.sessions.set(address, record.encode());
        const result = await work();
        const { gated } = await cache.sessions.put(
          address,
          SessionRecord.decode(anna.sessions.get(address) as Uint8Array),
        );
        if (gated) await cache.publishable([address]);
        return result;
      };
      return { account, cache, step };
    };
    const nameOf = ({ type, body }: Ciphertext): string =>
      messageKeyName({ type: type === 3 ? "pkmsg" : "msg", ciphertext: body });

    const before = await open("anna.db", 0);
    const early: Ciphertext[] = [];
    for (const preKeyId of [1, 2]) {
      await before.step(() => anna.open(ben, preKeyId));
      await ben.decrypt(anna, await before.step(() => anna.encrypt(ben, "hello")));
      const answer = await ben.encrypt(anna, "answer");
      await before.step(() => anna.decrypt(ben, answer));
      early.push(await ben.encrypt(anna, `on session ${preKeyId}`));
    }
    await before.account.close();
    copyFileSync(join(folder, "anna.db"), join(folder, "copy.db"));

    const used = new Set<string>();
    const original = await open("anna.db", 0);
    for (let n = 0; n < 5; n += 1) used.add(nameOf(await original.step(() => anna.encrypt(ben, `${n}`))));
    await original.account.close();
    const late = [await ben.encrypt(anna, "late"), await ben.encrypt(anna, "later")] as const;

    const copy = await open("copy.db", 1);
    const closed = await copy.cache.sessions.load(address);
    expect([closed?.sendingChain, closed?.current, closed?.archivedCount]).toEqual([undefined, undefined, 2]);
    await expect(copy.step(() => anna.encrypt(ben, "no"))).rejects.toThrow();
    // The library makes the session that reads a message the current one: it still does not send.
    for (const [text, message] of [
      ["late", late[0]],
      ["on session 1", early[0]],
    ] as const) {
      expect(await copy.step(() => anna.decrypt(ben, message as Ciphertext))).toBe(text);
      const record = await copy.cache.sessions.load(address);
      expect([record?.current === undefined, record?.sendingChain]).toEqual([false, undefined]);
    }
    await copy.step(() => anna.open(ben, 3));
    for (let n = 0; n < 5; n += 1) {
      const message = await copy.step(() => anna.encrypt(ben, `anew ${n}`));
      expect(used.has(nameOf(message))).toBe(false);
      expect(await ben.decrypt(anna, message)).toBe(`anew ${n}`);
    }
    expect(await copy.step(() => anna.decrypt(ben, late[1]))).toBe("later");
    await copy.account.close();
  });
});
