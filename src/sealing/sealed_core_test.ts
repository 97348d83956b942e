import { describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type Backend, KEY_CHECK, type Sealing, type Write } from "../backend/mod.ts";
import { hexOf, isSealed } from "../bytes/mod.ts";
import { BackendError, CorruptError, SealedError } from "../errors/mod.ts";
import { fakeHost, SeededRandom } from "../testing/mod.ts";
import { type SealingOptions, sealing } from "./sealing.ts";

const KEY = new Uint8Array(32).fill(1);
const OTHER_KEY = new Uint8Array(32).fill(2);
const ALICE = "1@lid.0";
const BOB = "2@lid.0";
const RECORD = Uint8Array.of(10, 1, 2, 3);
const LEASE = { reservedUntil: 7, incarnation: "a".repeat(32), burned: 0 };

/** One database, opened with keys or without. */
function world(account = "alice") {
  const database = new MemoryDatabase();
  const plain = (): Backend => memoryBackend({ database, account });
  const sealed = (keys: SealingOptions["keys"] = { one: KEY }, more: Partial<SealingOptions> = {}): Backend =>
    memoryBackend({ database, account, sealing: sealing({ keys, ...more }) });
  return { database, plain, sealed };
}

/** Every stored value that looks sealed. */
async function storedSession(backend: Backend, address: string): Promise<Uint8Array> {
  const record = await backend.getSession(address);
  if (record === undefined) throw new Error("no session is stored");
  return record;
}

describe("a sealed backend", () => {
  test("stores no value as it is", async () => {
    const { plain, sealed } = world();
    await sealed().putSession(ALICE, RECORD, LEASE);
    await sealed().putIdentity(ALICE, KEY);
    const stored = await storedSession(plain(), ALICE);
    expect(isSealed(stored)).toBe(true);
    expect(hexOf(stored)).not.toContain(hexOf(RECORD));
    expect(await sealed().getSession(ALICE)).toEqual(RECORD);
    expect(await sealed().loadSessionRow(ALICE)).toEqual({ record: RECORD, lease: LEASE });
    expect(await sealed().getSessions([BOB, ALICE])).toEqual([undefined, RECORD]);
    expect(await sealed().loadIdentity(ALICE)).toEqual(KEY);
  });

  test("does not show its key check", async () => {
    const { plain, sealed } = world();
    const backend = sealed();
    await backend.putSession(ALICE, RECORD);
    expect(await plain().getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq)).toBeDefined();
    expect(await backend.getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq)).toBeUndefined();
    expect(await backend.listMessageSegments(KEY_CHECK.log, 0, 10)).toEqual([]);
    expect((await backend.listRows("messageSegment", undefined, 10)).rows).toEqual([]);
    expect(await backend.findMessageSegments(KEY_CHECK.log, Uint8Array.of(1), 10)).toEqual([]);
  });

  test("finds the key check that another opening stores between two reads", async () => {
    const { database, sealed } = world();
    const own = sealing({ keys: { one: KEY } });
    let reads = 0;
    const late: Sealing = {
      ...own,
      sealed: (core, opening) => {
        const read = core.getMessageSegment.bind(core);
        const getMessageSegment: typeof read = async (...args) => {
          const found = await read(...args);
          reads += 1;
          if (reads === 1)
            await (await openAccount({ backend: sealed(), host: fakeHost({ seed: 2 }) })).close();
          return found;
        };
        return own.sealed(Object.assign(core, { getMessageSegment }), opening);
      },
    };
    const backend = memoryBackend({ database, account: "alice", sealing: late });
    expect(await backend.load()).toBeDefined();
    expect(reads).toBe(2);
  });

  test("stays sealed when the account is cleared, and after it was deleted", async () => {
    const { plain, sealed } = world();
    const backend = sealed();
    const id = await backend.create();
    await backend.putSession(ALICE, RECORD);
    await backend.clearAccount();
    expect(await plain().getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq)).toBeDefined();
    await backend.deleteAccount(id);
    expect(await plain().getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq)).toBeUndefined();
    await backend.putSession(ALICE, RECORD);
    expect(await sealed().getSession(ALICE)).toEqual(RECORD);
  });

  /** A row as an attacker moves it: the stored bytes of one place at another. */
  const MOVES: readonly {
    what: string;
    move: (stored: Uint8Array) => Write;
    read: (b: Backend) => Promise<unknown>;
  }[] = [
    {
      what: "another address",
      move: (record) => ({ kind: "session.put", address: BOB, record, lease: LEASE }),
      read: (backend) => backend.getSession(BOB),
    },
    {
      what: "another table",
      move: (record) => ({ kind: "senderKey.put", name: `g@g.us:${ALICE}`, record, lease: LEASE }),
      read: (backend) => backend.getSenderKey(`g@g.us:${ALICE}`),
    },
    {
      what: "the same address without its lease",
      move: (record) => ({ kind: "session.put", address: ALICE, record }),
      read: (backend) => backend.getSession(ALICE),
    },
    {
      what: "the same address with another bound",
      move: (record) => ({
        kind: "session.put",
        address: ALICE,
        record,
        lease: { ...LEASE, reservedUntil: 1 },
      }),
      read: (backend) => backend.getSession(ALICE),
    },
    {
      what: "a table of values without quarantine",
      move: (blob) => ({ kind: "groupMetadata.put", group: "g@g.us", blob }),
      read: (backend) => backend.getGroupMetadata("g@g.us"),
    },
  ];

  test.each(MOVES)("refuses the bytes of a row at $what", async ({ move, read }) => {
    const { plain, sealed } = world();
    await sealed().putSession(ALICE, RECORD, LEASE);
    await plain().commit([move(await storedSession(plain(), ALICE))]);
    await expect(read(sealed())).rejects.toThrow(CorruptError);
  });

  test("refuses the rows of another account", async () => {
    const alice = world();
    await alice.sealed().putSession(ALICE, RECORD);
    const bob = memoryBackend({
      database: alice.database,
      account: "bob",
      sealing: sealing({ keys: { one: KEY } }),
    });
    await bob.putSession(BOB, RECORD);
    const stored = await storedSession(alice.plain(), ALICE);
    await memoryBackend({ database: alice.database, account: "bob" }).putSession(ALICE, stored);
    await expect(bob.getSession(ALICE)).rejects.toThrow(CorruptError);
  });

  test("refuses the key check of another account", async () => {
    const { database, plain, sealed } = world();
    await sealed().putSession(ALICE, RECORD);
    const check = await plain().getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq);
    if (check === undefined) throw new Error("there is no key check");
    await memoryBackend({ database, account: "bob" }).putMessageSegments([check]);
    const bob = memoryBackend({ database, account: "bob", sealing: sealing({ keys: { one: KEY } }) });
    await expect(bob.getSession(ALICE)).rejects.toThrow(SealedError);
  });

  test("takes no flipped bit: a session is left to quarantine, everything else is an error", async () => {
    const { plain, sealed } = world();
    await sealed().putSession(ALICE, RECORD, LEASE);
    await sealed().putGroupMetadata("g@g.us", RECORD);
    const session = await storedSession(plain(), ALICE);
    const blob = (await plain().getGroupMetadata("g@g.us")) ?? new Uint8Array(0);
    for (let bit = 0; bit < 8 * blob.length; bit += 13) {
      const flip = (bytes: Uint8Array): Uint8Array =>
        bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      await plain().putSession(ALICE, flip(session), LEASE);
      await plain().putGroupMetadata("g@g.us", flip(blob));
      const backend = sealed();
      expect((await backend.loadSessionRow(ALICE))?.record).toEqual(flip(session));
      await expect(backend.getSession(ALICE)).rejects.toThrow(CorruptError);
      await expect(backend.getGroupMetadata("g@g.us")).rejects.toThrow(CorruptError);
    }
  });

  test("takes a damaged key check for damage, not for another key", async () => {
    const { plain, sealed } = world();
    await sealed().putSession(ALICE, RECORD);
    const check = await plain().getMessageSegment(KEY_CHECK.log, KEY_CHECK.seq);
    if (check === undefined) throw new Error("there is no key check");
    for (const at of [0, 1, 20, check.head.length - 1]) {
      const head = check.head.map((byte, index) => (index === at ? byte ^ 1 : byte));
      await plain().putMessageSegments([{ ...check, head }]);
      await expect(sealed().getSession(ALICE)).rejects.toThrow(CorruptError);
    }
  });
});

/** A backend whose author does not know of sealed accounts. */
function silent(backend: Backend): Backend {
  const { readOwner } = backend;
  return Object.assign(
    Object.defineProperty(backend, "capabilities", {
      value: { ...backend.capabilities, tellsSealed: undefined },
    }),
    {
      readOwner: async () => {
        const stored = await readOwner.call(backend);
        return stored && { owner: stored.owner, epoch: stored.epoch };
      },
    },
  );
}

describe("opening a sealed account", () => {
  const WRONG: readonly { what: string; open: (w: ReturnType<typeof world>) => Backend }[] = [
    { what: "without keys", open: (w) => w.plain() },
    { what: "without keys, over a backend that does not tell", open: (w) => silent(w.plain()) },
    { what: "with another key of the same name", open: (w) => w.sealed({ one: OTHER_KEY }) },
    { what: "with a key of another name", open: (w) => w.sealed({ two: KEY }) },
    {
      what: "with a passphrase in place of the key",
      open: (w) => w.sealed({ one: { passphrase: "of eight or more" } }),
    },
  ];

  test.each(WRONG)("$what is refused and fences no one", async ({ open }) => {
    const w = world();
    const account = await openAccount({ backend: w.sealed(), host: fakeHost() });
    const failure = await openAccount({ backend: open(w), host: fakeHost() }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(SealedError);
    expect(String(failure)).not.toMatch(/0101|0202/);
    await account.store.putSession(ALICE, RECORD);
    expect(account.health().state).not.toBe("fenced");
    await account.close();
  });

  test("a plain account is refused with keys, unless it is to be sealed", async () => {
    const w = world();
    const account = await openAccount({ backend: w.plain(), host: fakeHost() });
    await account.store.putSession(ALICE, RECORD);
    await expect(openAccount({ backend: w.sealed(), host: fakeHost() })).rejects.toThrow(SealedError);
    await account.store.putSession(BOB, RECORD);
    const turned = await openAccount({
      backend: w.sealed({ one: KEY }, { sealExisting: true }),
      host: fakeHost(),
    });
    await turned.store.putIdentity(ALICE, KEY);
    expect(await turned.store.getSession(BOB)).toEqual(RECORD);
    await turned.close();
    const again = await openAccount({ backend: w.sealed(), host: fakeHost() });
    expect(await again.store.getSession(BOB)).toEqual(RECORD);
    expect(await again.store.loadIdentity(ALICE)).toEqual(KEY);
    await again.close();
  });

  test("openings of a new account at the same time seal with one salt", async () => {
    const w = world();
    const keys = { phrase: { passphrase: "correct horse", cost: 4 } };
    const opened = await Promise.all(
      [1, 2, 3].map((seed) => openAccount({ backend: w.sealed(keys), host: fakeHost({ seed }) })),
    );
    const device = opened.map((account) => account.device.getDeviceSnapshot().identityKey.publicKey);
    expect(new Set(device.map(hexOf)).size).toBe(1);
    for (const account of opened) await account.close().catch(() => {});
    const account = await openAccount({ backend: w.sealed(keys), host: fakeHost() });
    await account.close();
    await expect(
      openAccount({
        backend: w.sealed({ phrase: { passphrase: "wrong words", cost: 4 } }),
        host: fakeHost(),
      }),
    ).rejects.toThrow(SealedError);
  });

  test("a key function is asked by name, and its failure is one of the backend", async () => {
    const w = world();
    const asked: string[] = [];
    const account = await openAccount({
      backend: w.sealed({
        kms: async (name) => {
          asked.push(name);
          return KEY;
        },
      }),
      host: fakeHost(),
    });
    await account.close();
    expect(asked).toEqual(["kms"]);
    const failing = w.sealed({ kms: () => Promise.reject(new Error("unreachable")) });
    await expect(openAccount({ backend: failing, host: fakeHost() })).rejects.toThrow(BackendError);
  });
});

describe("lives", () => {
  /** The bytes that name key and iv of each sealed value: everything before the ciphertext. */
  const HEAD_BYTES = 40;

  test("two openings with the same randomness and clock never share key and iv", async () => {
    const database = new MemoryDatabase();
    const heads: string[] = [];
    for (const account of ["a", "b", "a", "b", "a"]) {
      const host = fakeHost({ seed: 3 });
      const same: Sealing = sealing({ keys: { one: KEY }, random: new SeededRandom(3), clock: host.clock });
      const opened = await openAccount({
        backend: memoryBackend({ database, account, sealing: same }),
        host,
      });
      const plain = memoryBackend({ database, account });
      for (let index = 0; index < 20; index += 1) {
        await opened.store.putSession(`${index}@lid.0`, RECORD);
        heads.push(hexOf((await storedSession(plain, `${index}@lid.0`)).subarray(0, HEAD_BYTES)));
      }
      await opened.close();
    }
    expect(new Set(heads).size).toBe(heads.length);
  });

  test("a commit under a later owner epoch begins another life", async () => {
    const { plain, sealed } = world();
    const backend = sealed();
    const lives = new Set<string>();
    for (const epoch of [1, 2, 2]) {
      const next = { owner: `o${epoch}+`, epoch };
      const before = await backend.readOwner();
      const guard = { owner: before?.owner, minEpoch: before?.epoch ?? 0, maxEpoch: before?.epoch ?? 0 };
      const raised = before?.epoch === epoch ? guard : { ...guard, next };
      await backend.commit([{ kind: "session.put", address: ALICE, record: RECORD }], { guard: raised });
      lives.add(hexOf((await storedSession(plain(), ALICE)).subarray(12, 28)));
    }
    expect(lives.size).toBe(2);
  });
});

describe("sealing", () => {
  test.each([
    ["no key", {}],
    ["a short key", { one: new Uint8Array(16) }],
    ["a short passphrase", { one: { passphrase: "seven 7" } }],
    ["a cost out of range", { one: { passphrase: "of eight or more", cost: 40 } }],
  ])("refuses %s", (_what, keys) => {
    expect(() => sealing({ keys })).toThrow(/^seal: /);
  });

  test("needs the name of the current key among several", () => {
    const keys = { one: KEY, two: OTHER_KEY };
    expect(() => sealing({ keys })).toThrow(TypeError);
    expect(() => sealing({ keys, current: "three" })).toThrow(TypeError);
    sealing({ keys, current: "two" });
  });
});
