import { describe, expect, test } from "vitest";
import { leaveOut } from "../../test/support/protections/protections.ts";
import {
  ALICE,
  BOB,
  CAROL,
  haveSession,
  send,
  turn,
  type World,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import { BackendError, ClosedError, FencedError, HaltedError, RefusedError } from "../errors/mod.ts";
import type { FlushSelection, IsolatedItem } from "../write_behind/mod.ts";
import { CacheEntry, CLEAN, type EntryOwner, MUST } from "./cache_entry.ts";
import type { AnyEntry } from "./dirty_set.ts";
import { SIGNAL_FLUSHABLE } from "./flushable_signal_state.ts";
import { commitEntries, type GateEngine, openGates } from "./publish_gate.ts";

/** Sends without waiting for the gate. */
async function put({ cache }: World, address: string): Promise<boolean> {
  const record = (await cache.sessions.load(address)) ?? CounterRecord.of(`s ${address}`, `c ${address}`, 0);
  record.send();
  return (await cache.sessions.put(address, record)).gated;
}

function isOf(address: string) {
  return (write: object): boolean => "address" in write && write.address === address;
}

/** An engine that answers each flush with a report or an error, and commits what it is told to. */
function fakeEngine(options: { isolated?: IsolatedItem[]; error?: Error; commits?: AnyEntry[] } = {}) {
  const selected: FlushSelection[] = [];
  const engine: GateEngine = {
    assertOpen: () => {},
    assertUsable: () => {},
    flushOnly: async (select) => {
      selected.push(select);
      for (const entry of options.commits ?? []) entry.committed = entry.generation;
      if (options.error !== undefined) throw options.error;
      return { committed: 0, writes: 0, rows: 0, bytes: 0, durationMs: 0, isolated: options.isolated ?? [] };
    },
  };
  return { engine, selected };
}

/** A dirty entry whose gate is closed. */
function gatedEntry(address: string, forfeited: string[] = []): AnyEntry {
  const owner = { forfeit: (entry: AnyEntry) => forfeited.push(entry.key) } as unknown as EntryOwner<unknown>;
  const entry = new CacheEntry<unknown>(owner, address, `session:${address}`);
  entry.urgency = MUST;
  entry.generation = 3;
  entry.gate = 2;
  return entry;
}

function isolatedItem(key: string, error: Error, flushable = SIGNAL_FLUSHABLE): IsolatedItem {
  return { flushable, key, generation: 3, reason: "refused", error };
}

describe("openGates", () => {
  test("commits the other end of a move too", async () => {
    const [entry, partner] = [gatedEntry(ALICE), gatedEntry(BOB)];
    entry.partner = { entry: partner, generation: 3 };
    const { engine, selected } = fakeEngine({ commits: [entry] });
    await expect(openGates(engine, [entry], () => true)).rejects.toThrow(BackendError);
    const keys = [entry.key, partner.key, `identity:${ALICE}`, `identity:${BOB}`, `session:${CAROL}`];
    expect(keys.map((key) => selected[0]?.(SIGNAL_FLUSHABLE, key, "may"))).toEqual([
      ...Array(4).fill(true),
      false,
    ]);
    expect(selected[0]?.("other", entry.key, "may")).toBe(false);
    await openGates(fakeEngine({ commits: [entry, partner] }).engine, [entry], () => true);
  });

  test("names the refusal of its own entry as the cause, and burns all keys of the message", async () => {
    const forfeited: string[] = [];
    const [entry, other] = [gatedEntry(ALICE, forfeited), gatedEntry(BOB, forfeited)];
    const own = new RefusedError("commit: constraint");
    const isolated = [
      isolatedItem(entry.key, new RefusedError("of another flushable"), "other"),
      isolatedItem(`session:${CAROL}`, new RefusedError("of another entry")),
      isolatedItem(entry.key, own),
    ];
    const opening = openGates(fakeEngine({ isolated, commits: [other] }).engine, [entry, other], () => true);
    await expect(opening).rejects.toMatchObject({ code: "refused", cause: own });
    expect(forfeited).toEqual([entry.key, other.key]);
  });

  test("fails for an entry that was left without a refusal", async () => {
    const entry = gatedEntry(ALICE);
    const cause = new BackendError("commit: down");
    for (const isolated of [[], [isolatedItem(entry.key, cause)]]) {
      const opening = openGates(fakeEngine({ isolated }).engine, [entry], () => true);
      await expect(opening).rejects.toMatchObject({ code: "failed", cause: isolated[0]?.error });
    }
  });

  test("ignores a failed flush that has committed its entries", async () => {
    const entry = gatedEntry(ALICE);
    const error = new BackendError("commit: down");
    await openGates(fakeEngine({ error, commits: [entry] }).engine, [entry], () => true);
    const closed = gatedEntry(ALICE);
    await expect(openGates(fakeEngine({ error }).engine, [closed], () => true)).rejects.toBe(error);
  });

  test("rejects, and burns nothing, when the cache was cleared", async () => {
    const forfeited: string[] = [];
    const entry = gatedEntry(ALICE, forfeited);
    for (const commits of [[], [entry]]) {
      const opening = openGates(fakeEngine({ commits }).engine, [entry], () => false);
      await expect(opening).rejects.toThrow(ClosedError);
    }
    expect(forfeited).toEqual([]);
  });
});

describe("commitEntries", () => {
  test("commits dirty entries as they are, gated or not, and no clean ones", async () => {
    const [dirty, clean] = [gatedEntry(ALICE), gatedEntry(BOB)];
    dirty.gate = 0;
    clean.urgency = CLEAN;
    const { engine, selected } = fakeEngine({ commits: [dirty] });
    await commitEntries(engine, [dirty, clean]);
    expect(selected[0]?.(SIGNAL_FLUSHABLE, clean.key, "must")).toBe(false);
    await commitEntries(engine, [clean]);
    expect(selected).toHaveLength(1);
  });

  test("burns the keys of all entries when one is not committed", async () => {
    const forfeited: string[] = [];
    const entries = [gatedEntry(ALICE, forfeited), gatedEntry(BOB, forfeited)];
    const { engine } = fakeEngine({ commits: entries.slice(1) });
    await expect(commitEntries(engine, entries)).rejects.toThrow(BackendError);
    expect(forfeited).toEqual(entries.map(({ key }) => key));
  });
});

describe("SignalStoreCache.publishable", () => {
  test("commits only gated entries of its addresses", async () => {
    const here = world();
    const { cache, rows } = here;
    for (const address of [ALICE, BOB, CAROL]) await put(here, address);
    await cache.identities.put(BOB, new Uint8Array(32));
    await cache.identities.put(CAROL, new Uint8Array(32));
    await cache.publishable([ALICE, BOB]);
    expect(rows.commits.map((writes) => writes.map(({ kind }) => kind))).toEqual([
      ["session.put", "session.put", "identity.put"],
    ]);
    expect([...rows.sessions.keys()]).toEqual([ALICE, BOB]);
    expect(cache.stats).toMatchObject({ gated: 1, dirty: 2 });
    await cache.publishable();
    expect([...rows.sessions.keys()]).toEqual([ALICE, BOB, CAROL]);
    expect(cache.stats.gated).toBe(0);
  });

  test("commits nothing without a gate", async () => {
    const here = world();
    await haveSession(here, ALICE);
    for (let n = 0; n < 3; n += 1) await send(here, ALICE);
    const received = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    received.receive();
    await here.cache.sessions.put(ALICE, received);
    const commits = here.rows.commits.length;
    await here.cache.publishable([ALICE, "unknown@lid.0"]);
    await here.cache.publishable();
    expect(here.rows.commits).toHaveLength(commits);
  });

  test("keeps the gate for later puts until the first one's commit", async () => {
    const here = world();
    expect(await put(here, ALICE)).toBe(true);
    const received = (await here.cache.sessions.load(ALICE)) ?? new CounterRecord();
    received.receive();
    expect(await here.cache.sessions.put(ALICE, received)).toEqual({ gated: true });
    await here.cache.publishable([ALICE]);
    expect(await here.cache.sessions.put(ALICE, received.copy())).toEqual({ gated: false });
  });

  test("keeps the gate of a deleted entry until its commit", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await put(here, ALICE);
    await here.cache.sessions.delete(ALICE);
    expect(here.cache.stats.gated).toBe(1);
    here.rows.fates.push(new BackendError("down"));
    await expect(here.cache.publishable([ALICE])).rejects.toThrow("down");
    expect(here.cache.stats.gated).toBe(1);
    await here.cache.publishable([ALICE]);
    expect(here.rows.sessions.has(ALICE)).toBe(false);
    expect(here.cache.stats.gated).toBe(0);
  });

  test("opens for a new session over a gated tombstone", async () => {
    const here = world();
    await haveSession(here, ALICE);
    await put(here, ALICE);
    await here.cache.sessions.delete(ALICE);
    expect(await here.cache.sessions.put(ALICE, CounterRecord.of("new", "new", 0))).toEqual({ gated: true });
    await here.cache.publishable([ALICE]);
    expect(here.cache.stats).toMatchObject({ gated: 0, dirty: 0 });
  });

  test("rejects while the commit fails, and the gate stays closed", async () => {
    const here = world();
    await put(here, ALICE);
    here.rows.fates.push(new BackendError("down"));
    await expect(here.cache.publishable([ALICE])).rejects.toThrow("down");
    expect(here.cache.stats).toMatchObject({ gated: 1, dirty: 1 });
    await here.cache.publishable([ALICE]);
    expect(here.cache.stats).toMatchObject({ gated: 0, dirty: 0 });
  });

  test("opens no gate after a commit with an unknown outcome", async () => {
    const here = world();
    await put(here, ALICE);
    here.rows.fates.push("lost-answer");
    await expect(here.cache.publishable([ALICE])).rejects.toThrow("answer was lost");
    expect(here.rows.sessions.has(ALICE)).toBe(true);
    expect(here.cache.stats.gated).toBe(1);
  });

  test("rejects only for the address of a refused row", async () => {
    const here = world();
    await put(here, ALICE);
    await put(here, BOB);
    here.rows.poison = isOf(ALICE);
    const both = here.cache.publishable([ALICE, BOB]);
    await expect(both).rejects.toThrow(RefusedError);
    await expect(both).rejects.toMatchObject({ cause: { code: "refused" } });
    expect(here.rows.sessions.has(BOB)).toBe(true);
    await here.cache.publishable([BOB]);
    await expect(here.cache.publishable([ALICE])).rejects.toThrow(RefusedError);
    expect((await send(here, BOB)).counter).toBe(1);
    here.rows.poison = () => false;
    await put(here, ALICE);
    await here.cache.publishable([ALICE]);
    expect(here.cache.stats).toMatchObject({ gated: 0, dirty: 0 });
  });

  test("isolates a record that cannot be encoded and reports it once", async () => {
    const here = world();
    const kinds: string[] = [];
    here.cache.onEvent(({ kind }) => kinds.push(kind));
    const broken = CounterRecord.of("s", "c", 1);
    broken.fault = "throws";
    await here.cache.sessions.put(ALICE, broken);
    await put(here, BOB);
    const report = await here.engine.flush();
    expect(report.isolated.map(({ key }) => key)).toEqual([`session:${ALICE}`]);
    await expect(here.engine.flush()).rejects.toThrow(RefusedError);
    expect(here.rows.sessions.has(BOB)).toBe(true);
    expect(kinds).toEqual(["unencodable"]);
    await here.cache.sessions.put(ALICE, CounterRecord.of("s", "c", 2));
    await here.cache.publishable([ALICE]);
  });

  test("waits for its own put, not for later ones", async () => {
    const here = world();
    await put(here, ALICE);
    here.rows.holdCommits();
    const first = here.cache.publishable([ALICE]);
    await turn();
    await put(here, ALICE);
    here.rows.releaseCommits();
    await first;
    expect(here.cache.stats.gated).toBe(1);
  });

  test("can be awaited inside the address's lock", async () => {
    const here = world();
    await haveSession(here, ALICE);
    here.rows.holdCommits();
    const sends = [send(here, ALICE), send(here, ALICE), send(here, ALICE)];
    await turn();
    expect(here.rows.heldCommits).toBe(1);
    here.rows.releaseCommits();
    expect((await Promise.all(sends)).map(({ counter }) => counter)).toEqual([0, 1, 2]);
  });

  test("would repeat counters after a crash without the gate", async () => {
    using _ = leaveOut(["gate"]);
    const here = world();
    await haveSession(here, ALICE);
    expect(await send(here, ALICE)).toMatchObject({ counter: 0, gated: false });
    expect(await send(here.crash(), ALICE)).toMatchObject({ counter: 0 });
  });

  test("rejects gated messages when halted, all when fenced or closed", async () => {
    const here = world({ policy: { haltAfter: 2 } });
    await haveSession(here, BOB);
    await put(here, ALICE);
    here.rows.fates.push(new BackendError("down"), new BackendError("down"));
    for (let tries = 0; tries < 2; tries += 1) await here.engine.flush().catch(() => {});
    await expect(here.cache.publishable([ALICE, BOB])).rejects.toThrow(HaltedError);
    await expect(here.cache.publishable()).rejects.toThrow(HaltedError);
    await here.cache.publishable([BOB]);
    await here.engine.flush();
    await here.cache.publishable([BOB]);
    await put(here, ALICE);
    here.rows.fates.push(new FencedError("later owner"));
    await expect(here.cache.publishable()).rejects.toThrow(FencedError);
    await expect(here.cache.publishable([BOB])).rejects.toThrow(FencedError);
    const other = world();
    await other.engine.close();
    await expect(other.cache.publishable([])).rejects.toThrow(ClosedError);
  });
});
