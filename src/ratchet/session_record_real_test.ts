/**
 * Records of real conversations: between messages, the test decodes, changes and encodes sessions of the Rust
 * library or libsignal-node, and both sides must still decrypt each other's messages.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Ciphertext,
  JSON_CODEC,
  LibraryPeer,
  type SessionCodec,
} from "../../test/support/signal/library_peer.ts";
import { recordToSession, sessionToRecord } from "../baileys/convert/session.ts";
import { decodeSessionRecord } from "../records/mod.ts";
import { SeededRandom } from "../testing/mod.ts";
import { SessionChain } from "./session_chain.ts";
import { SessionRecord } from "./session_record.ts";

const ANY_CODEC = JSON_CODEC as SessionCodec<never>;

/** libsignal-node's sessions as standard records. */
const RECORD_CODEC: SessionCodec<Uint8Array> = {
  store: (json, peer) =>
    sessionToRecord(json, {
      localIdentityPublic: peer.identity.pubKey,
      localRegistrationId: peer.registrationId,
    }),
  load: (stored) => recordToSession(stored),
};

beforeEach(() => {
  // libsignal-node logs whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Decodes a peer's stored record, passes it to `work`, and stores it again. */
function change(peer: LibraryPeer, other: LibraryPeer, work: (record: SessionRecord) => void): void {
  const stored = peer.sessions.get(`${other.name}.0`) as Uint8Array;
  const record = SessionRecord.decode(stored);
  expect(record.encode()).toEqual(stored);
  work(record);
  const bytes = record.encode();
  decodeSessionRecord(bytes);
  peer.sessions.set(`${other.name}.0`, bytes);
}

/** Encodes every chain of the current session again from its parts. */
function writeAnew(record: SessionRecord): void {
  const { current } = record;
  if (current === undefined) return;
  const again = (chain: SessionChain) => new SessionChain({ ...chain.parts, encoded: undefined });
  for (const chain of current.receiverChains) current.putReceiverChain(again(chain));
  if (current.senderChain !== undefined) current.senderChain = again(current.senderChain);
}

describe("SessionRecord in real conversations", () => {
  test.each([
    [1, "rust"],
    [2, "rust"],
    [4, "node"],
    [5, "node"],
  ] as const)("survives every change of its records (seed %i, %s)", async (seed, engine) => {
    const random = new SeededRandom(seed);
    const alice = new LibraryPeer("alice", RECORD_CODEC as unknown as SessionCodec<never>);
    alice.engine = engine;
    const bob = new LibraryPeer("bob", ANY_CODEC);
    await alice.open(bob, 1);
    const mail: { from: LibraryPeer; to: LibraryPeer; text: string; message: Ciphertext }[] = [];
    const done = { read: 0, burned: 0, promoted: 0 };
    for (let step = 0; step < 150; step++) {
      change(alice, bob, writeAnew);
      const act = random.below(12);
      if (act === 0) {
        change(alice, bob, (record) => {
          record.archiveCurrent();
          record.promote(0);
        });
        done.promoted++;
      } else if (act === 1) {
        const keys = 1 + random.below(20);
        change(alice, bob, (record) => {
          const chain = record.sendingChain;
          if (chain !== undefined) record.fastForward(chain.id, chain.next + keys);
        });
        done.burned += keys;
      } else if (act < 7) {
        const [from, to] = bob.sessions.size > 0 && random.oneIn(2) ? [bob, alice] : [alice, bob];
        mail.push({ from, to, text: `${step}`, message: await from.encrypt(to, `${step}`) });
      } else {
        const [letter] = mail.splice(random.below(Math.max(1, Math.min(mail.length, 4))), 1);
        if (letter === undefined) continue;
        expect(await letter.to.decrypt(letter.from, letter.message)).toBe(letter.text);
        done.read++;
      }
    }
    expect(done.read).toBeGreaterThan(30);
    expect(done.burned).toBeGreaterThan(30);
    expect(done.promoted).toBeGreaterThan(5);
  });

  test("burns keys as libsignal-node does when it sends", async () => {
    const alice = new LibraryPeer("alice", RECORD_CODEC as unknown as SessionCodec<never>);
    const bob = new LibraryPeer("bob", ANY_CODEC);
    await alice.open(bob, 1);
    const before = SessionRecord.decode(alice.sessions.get("bob.0") as Uint8Array);
    for (let i = 0; i < 9; i++) await alice.encrypt(bob, "lost");
    const after = SessionRecord.decode(alice.sessions.get("bob.0") as Uint8Array);
    const { id, next } = before.sendingChain as SessionChain;
    before.fastForward(id, next + 9);
    expect(before.sendingChain?.next).toBe(after.sendingChain?.next);
    expect(before.sendingChain?.chainKey).toEqual(after.sendingChain?.chainKey);
  });

  test.each(["rust", "node"] as const)(
    "does not send on a closed session and still decrypts (%s)",
    async (engine) => {
      const alice = new LibraryPeer("alice", RECORD_CODEC as unknown as SessionCodec<never>);
      alice.engine = engine;
      const bob = new LibraryPeer("bob", ANY_CODEC);
      await alice.open(bob, 1);
      await bob.decrypt(alice, await alice.encrypt(bob, "hello"));
      await alice.decrypt(bob, await bob.encrypt(alice, "hello"));
      const late = await bob.encrypt(alice, "late");
      change(alice, bob, (record) => record.close());
      await expect(alice.encrypt(bob, "none")).rejects.toThrow();
      await alice.open(bob, 2);
      expect(await bob.decrypt(alice, await alice.encrypt(bob, "anew"))).toBe("anew");
      expect(await alice.decrypt(bob, late)).toBe("late");
    },
  );

  test("stays closed when the Rust library promotes a closed session", async () => {
    const alice = new LibraryPeer("alice", RECORD_CODEC as unknown as SessionCodec<never>);
    alice.engine = "rust";
    const bob = new LibraryPeer("bob", ANY_CODEC);
    await alice.open(bob, 1);
    await bob.decrypt(alice, await alice.encrypt(bob, "hello"));
    await alice.decrypt(bob, await bob.encrypt(alice, "hello"));
    await alice.encrypt(bob, "used");
    const late = await bob.encrypt(alice, "late");
    const later = await bob.encrypt(alice, "later");
    let closed: string | undefined;
    change(alice, bob, (record) => {
      closed = record.sendingChain?.id;
      record.close();
    });
    await alice.open(bob, 2);
    expect(await alice.decrypt(bob, late)).toBe("late");
    // The library drops unknown fields: only the key marks the promoted session as closed.
    change(alice, bob, (record) => {
      expect(record.current?.senderChain?.id).toBe(closed);
      expect(record.sendingChain).toBeUndefined();
      record.archiveCurrent();
    });
    // The same after it is archived and promoted again.
    expect(await alice.decrypt(bob, later)).toBe("later");
    change(alice, bob, (record) => expect(record.sendingChain).toBeUndefined());
  });
});
