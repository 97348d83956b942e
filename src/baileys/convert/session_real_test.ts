/** Conversions of states from libsignal-node, which must keep working afterwards. */
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dose } from "../../../test/support/dose.ts";
import {
  type Ciphertext,
  JSON_CODEC,
  LibraryPeer,
  type SessionCodec,
} from "../../../test/support/signal/library_peer.ts";
import { nodeSessionCodec } from "../node_session_record.ts";
import { recordToSession, sessionToRecord } from "./session.ts";

/** Sessions stored as standard records, each checked for a lossless round trip. */
const RECORD_CODEC: SessionCodec<Uint8Array> = {
  store(json, peer) {
    const record = sessionToRecord(json, localOf(peer));
    const back = recordToSession(record);
    expect(isDeepStrictEqual(back, json)).toBe(true);
    expect(isDeepStrictEqual(sessionToRecord(back, localOf(peer)), record)).toBe(true);
    return record;
  },
  load: (stored) => recordToSession(stored),
};

function localOf(peer: LibraryPeer): { localIdentityPublic: Uint8Array; localRegistrationId: number } {
  return { localIdentityPublic: peer.identity.pubKey, localRegistrationId: peer.registrationId };
}

beforeEach(() => {
  // libsignal-node logs whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  let now = 1_700_000_000_000;
  vi.spyOn(Date, "now").mockImplementation(() => ++now);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A linear congruential generator: the same conversation for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * A conversation with lost, late and reordered messages and new sessions. Returns the outcome of each step.
 */
async function converse(seed: number, codec: SessionCodec<never>): Promise<string[]> {
  const next = generator(seed);
  const peers = [
    new LibraryPeer("alice", codec),
    new LibraryPeer("bob", JSON_CODEC as SessionCodec<never>),
  ] as const;
  const outcomes: string[] = [];
  const mail: { to: number; text: string; message: Ciphertext }[] = [];
  await peers[0].open(peers[1], 1);
  for (let step = 0; step < 100; step++) {
    const from = next(2);
    const [sender, receiver] = from === 0 ? peers : [peers[1], peers[0]];
    const act = next(20);
    if (act === 0) await sender.open(receiver, next(2) === 0 ? undefined : 10 + step);
    if (act < 11) {
      const text = `${step}`;
      const message = await sender.encrypt(receiver, text).catch(() => undefined);
      outcomes.push(`send ${text} ${message?.type ?? "failed"}`);
      if (message !== undefined && next(10) !== 0) mail.push({ to: 1 - from, text, message });
      continue;
    }
    const [letter] = mail.splice(next(Math.min(mail.length, 6)), 1);
    if (letter === undefined) continue;
    const [to, other] = letter.to === 0 ? peers : [peers[1], peers[0]];
    outcomes.push(
      await to.decrypt(other, letter.message).then(
        (plain) => `read ${letter.text} ${plain === letter.text}`,
        (error: Error) => `read ${letter.text} ${error.message}`,
      ),
    );
  }
  return outcomes;
}

describe("session converters in real conversations", () => {
  test.each(dose({ short: [1, 2, 4], long: [1, 2, 3, 4, 5, 6] }))(
    "do not change the outcome of a conversation (seed %i)",
    async (seed) => {
      const kept = await converse(seed, JSON_CODEC as SessionCodec<never>);
      const converted = await converse(seed, RECORD_CODEC as unknown as SessionCodec<never>);
      expect(converted).toEqual(kept);
      expect(kept.filter((outcome) => outcome.endsWith("true")).length).toBeGreaterThan(10);
    },
  );

  test.each(dose({ short: [11, 12, 13], long: [11, 12, 13, 14, 15, 16, 17, 18] }))(
    "let the Rust library and libsignal-node alternate (seed %i)",
    async (seed) => {
      const next = generator(seed);
      const alice = new LibraryPeer("alice", RECORD_CODEC as unknown as SessionCodec<never>);
      const bob = new LibraryPeer("bob", JSON_CODEC as SessionCodec<never>);
      const mail: { from: LibraryPeer; to: LibraryPeer; text: string; message: Ciphertext }[] = [];
      const used = { node: 0, rust: 0, needsRust: 0 };
      alice.engine = seed % 2 === 0 ? "rust" : "node";
      await (seed % 3 === 0 ? bob.open(alice, 1) : alice.open(bob, 1));
      for (let step = 0; step < 150; step++) {
        if (next(4) === 0) alice.engine = alice.engine === "node" ? "rust" : "node";
        const [from, to] = next(2) === 0 ? [alice, bob] : [bob, alice];
        if (next(2) === 0 && from.sessions.size > 0) {
          mail.push({ from, to, text: `${step}`, message: await from.encrypt(to, `${step}`) });
          used[alice.engine]++;
          continue;
        }
        const [letter] = mail.splice(next(Math.min(mail.length, 5)), 1);
        if (letter === undefined) continue;
        const read = () => letter.to.decrypt(letter.from, letter.message);
        const plain = await read().catch(async () => {
          // The Rust library drops the seeds of skipped messages, but the keys that it can use are kept.
          expect([letter.to.name, letter.to.engine]).toEqual(["alice", "node"]);
          used.needsRust++;
          alice.engine = "rust";
          return await read();
        });
        expect(plain).toBe(letter.text);
      }
      expect(Math.min(used.node, used.rust)).toBeGreaterThan(5);
      expect(used.needsRust).toBeLessThan(10);
    },
  );

  test("let the Rust library follow a peer on a session closed by the codec", async () => {
    const alice = new LibraryPeer("alice", RECORD_CODEC as unknown as SessionCodec<never>);
    const bob = new LibraryPeer("bob", JSON_CODEC as SessionCodec<never>);
    await alice.open(bob, 1);
    await bob.decrypt(alice, await alice.encrypt(bob, "1"));
    await alice.decrypt(bob, await bob.encrypt(alice, "2"));
    const late = await bob.encrypt(alice, "late");
    await bob.decrypt(alice, await alice.encrypt(bob, "3"));
    const onNewChain = await bob.encrypt(alice, "on a new chain");
    const codec = nodeSessionCodec(() => ({
      localIdentityPublic: alice.identity.pubKey,
      localRegistrationId: alice.registrationId,
    }));
    const record = codec.decode(alice.sessions.get("bob.0") as Uint8Array);
    codec.close(record);
    alice.sessions.set("bob.0", codec.encode(record));
    alice.engine = "rust";
    expect(await alice.decrypt(bob, late)).toBe("late");
    expect(await alice.decrypt(bob, onNewChain)).toBe("on a new chain");
  });

  test("let either library read late messages of an archived session", async () => {
    const alice = new LibraryPeer("alice", RECORD_CODEC as unknown as SessionCodec<never>);
    const bob = new LibraryPeer("bob", JSON_CODEC as SessionCodec<never>);
    await alice.open(bob, 1);
    expect(await bob.decrypt(alice, await alice.encrypt(bob, "1"))).toBe("1");
    expect(await alice.decrypt(bob, await bob.encrypt(alice, "2"))).toBe("2");
    const late = [await bob.encrypt(alice, "3"), await bob.encrypt(alice, "4")] as const;

    await alice.open(bob, 2);
    expect(
      Object.values(alice.session(bob)._sessions).map(({ indexInfo }) => indexInfo.closed === -1),
    ).toEqual([false, true]);
    alice.engine = "rust";
    expect(await alice.decrypt(bob, late[1])).toBe("4");

    // The Rust library has made the old session the current one and dropped all private fields.
    alice.engine = "node";
    const [first, second] = Object.values(alice.session(bob)._sessions);
    expect([first?.indexInfo.closed, second?.indexInfo.closed]).toEqual([-1, 1]);
    expect(first?.pendingPreKey).toBeUndefined();
    expect(await bob.decrypt(alice, await alice.encrypt(bob, "5"))).toBe("5");
    expect(await alice.decrypt(bob, await bob.encrypt(alice, "6"))).toBe("6");
  });
});
