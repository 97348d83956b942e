import { describe, expect, test } from "vitest";
import {
  ALICE,
  BOB,
  CAROL,
  haveSession,
  send,
  THEIR_KEY,
  turn,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord } from "../../test/support/signal/counter_record.ts";
import { BackendError, LimitError } from "../errors/mod.ts";
import type { CacheChange } from "./joint_change.ts";
import { RewindError } from "./rewind_error.ts";

type Change = CacheChange<CounterRecord, CounterRecord>;

function session(address: string, next = 0): Change {
  return { store: "session", address, value: CounterRecord.of(`start ${address}`, `chain ${address}`, next) };
}

function identity(address: string, fill: number): Change {
  return { store: "identity", address, value: new Uint8Array(32).fill(fill) };
}

describe("SignalStoreCache.change", () => {
  test("makes changes and a commit that one flush contains, or none", async () => {
    // At any progress of the changes when the flush begins.
    for (let hops = 0; hops < 30; hops += 1) {
      const here = world({ seed: hops });
      const { cache, engine, rows } = here;
      rows.preKeys.add(7);
      await haveSession(here, CAROL);
      await cache.sessions.put(BOB, CounterRecord.of("dirty", "already", 0));
      rows.commits.length = 0;
      const changing = cache.change(
        [
          session(ALICE),
          session(BOB),
          { store: "session", address: CAROL, value: undefined },
          identity(ALICE, 1),
        ],
        () => engine.commitWith([{ kind: "preKey.remove", id: 7 }]),
      );
      for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
      await Promise.all([engine.flush(), changing]);
      const having = rows.commits.filter((writes) =>
        writes.some((write) => JSON.stringify(write).includes(ALICE) || write.kind === "preKey.remove"),
      );
      expect(having).toHaveLength(1);
      expect(having[0]?.map(({ kind }) => kind).sort()).toEqual([
        "identity.put",
        "preKey.remove",
        "session.delete",
        "session.put",
        "session.put",
      ]);
    }
  });

  test("commits the riders of a record with it, and only once", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    await haveSession(here, CAROL);
    rows.commits.length = 0;
    const rider = { kind: "preKey.remove", id: 7 } as const;
    await cache.change([{ ...session(ALICE), riders: [rider] } as Change, session(BOB)], () => {});
    await cache.makeDurable([BOB]);
    expect(rows.commits.flat().map(({ kind }) => kind)).toEqual(["session.put"]);
    rows.commits.length = 0;
    await cache.makeDurable([ALICE]);
    expect(rows.commits.map((writes) => writes.map(({ kind }) => kind))).toEqual([
      ["session.put", "preKey.remove"],
    ]);
    await cache.change([session(ALICE, 1)], () => {});
    await engine.flush();
    expect(rows.commits.flat().filter(({ kind }) => kind === "preKey.remove")).toHaveLength(1);
  });

  test("makes no change when one goes back on its chain", async () => {
    const here = world();
    const { cache, rows } = here;
    await haveSession(here, ALICE, 5);
    const commits = rows.commits.length;
    let applied = false;
    const changes = [session(BOB), session(ALICE, 4), identity(CAROL, 1)];
    const changing = cache.change(changes, () => {
      applied = true;
    });
    await expect(changing).rejects.toThrow(RewindError);
    expect(applied).toBe(false);
    expect(cache.stats.dirty).toBe(0);
    expect(rows.commits).toHaveLength(commits);
    expect(await send(here, ALICE)).toMatchObject({ counter: 5 });
  });

  test("makes no change when one cannot be read, and unpins the others", async () => {
    const here = world({ capacity: 1 });
    const { cache, rows } = here;
    await haveSession(here, ALICE);
    rows.readError = new BackendError("load: the disk is away");
    await expect(cache.change([session(ALICE, 1), session(BOB)], () => {})).rejects.toThrow(BackendError);
    rows.readError = undefined;
    expect(cache.stats.dirty).toBe(0);
    await cache.sessions.load(CAROL);
    expect(cache.stats.sessions).toBe(1);
  });

  test("makes no change when one is malformed", async () => {
    const { cache } = world();
    const lone: Change = { store: "session", address: "\ud800", value: undefined };
    const short: Change = { store: "identity", address: BOB, value: new Uint8Array(31) };
    await expect(cache.change([session(ALICE), lone], () => {})).rejects.toThrow(TypeError);
    await expect(cache.change([session(ALICE), short], () => {})).rejects.toThrow(RangeError);
    expect(cache.stats.dirty).toBe(0);
  });

  test("skips an equal identity and replaces an unreadable one", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    rows.identities.set(ALICE, new Uint8Array(32).fill(1));
    rows.identities.set(BOB, new Uint8Array(31));
    expect(await cache.change([identity(ALICE, 1), identity(BOB, 2)], () => "made")).toBe("made");
    await engine.flush();
    expect(rows.commits).toEqual([[{ kind: "identity.put", address: BOB, key: new Uint8Array(32).fill(2) }]]);
  });

  test("waits for room in a full store and makes no change without it", async () => {
    const here = world({ capacity: 1, policy: { maxPendingItems: 2, maxWaitMs: 1_000 } });
    const { cache, rows, host } = here;
    await cache.sessions.put(CAROL, CounterRecord.of("c", "c", 0));
    await cache.identities.put(CAROL, new Uint8Array(32));
    rows.holdCommits();
    const changes = [
      session(ALICE),
      session(BOB),
      { store: "senderKey", address: THEIR_KEY, value: undefined },
    ];
    const refused = expect(cache.change(changes as Change[], () => {})).rejects.toThrow(LimitError);
    await turn();
    await host.scheduler.advance(1_000);
    await refused;
    expect(cache.sessions.peek(ALICE)).toBeUndefined();
    const changing = cache.change(changes as Change[], () => {});
    await turn();
    rows.releaseCommits();
    await changing;
    expect(cache.sessions.peek(ALICE)?.current?.next).toBe(0);
    expect(cache.sessions.peek(BOB)?.current?.next).toBe(0);
  });

  test("does not wait for room for dirty entries", async () => {
    const here = world({ policy: { maxPendingItems: 1, maxWaitMs: 1_000 } });
    const { cache, rows } = here;
    rows.holdCommits();
    await cache.sessions.put(ALICE, CounterRecord.of(`start ${ALICE}`, `chain ${ALICE}`, 0));
    await cache.change([session(ALICE, 1)], () => {});
    expect(cache.sessions.peek(ALICE)?.current?.next).toBe(1);
  });

  test("changes the new incarnation when the cache is cleared", async () => {
    const here = world({ policy: { maxPendingItems: 1 } });
    const { cache, rows, engine } = here;
    await cache.sessions.put(CAROL, CounterRecord.of("c", "c", 0));
    rows.holdCommits();
    const changing = cache.change([session(ALICE), session(BOB)], () => {});
    await turn();
    cache.clear();
    rows.releaseCommits();
    await changing;
    await engine.flush();
    expect([...rows.sessions.keys()].sort()).toEqual([ALICE, BOB, CAROL].sort());
    expect(cache.stats.dirty).toBe(0);
  });
});
