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

/** Sends without waiting for the gate. */
async function put({ cache }: World, address: string): Promise<boolean> {
  const record = (await cache.sessions.load(address)) ?? CounterRecord.of(`s ${address}`, `c ${address}`, 0);
  record.send();
  return (await cache.sessions.put(address, record)).gated;
}

function isOf(address: string) {
  return (write: object): boolean => "address" in write && write.address === address;
}

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
