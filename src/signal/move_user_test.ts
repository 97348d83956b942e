import { describe, expect, test } from "vitest";
import {
  GROUP,
  haveSession,
  mappedBy,
  OUR_KEY,
  send,
  storeSession,
  turn,
  type World,
  world,
} from "../../test/support/signal/cache_world.ts";
import { CounterRecord, stored } from "../../test/support/signal/counter_record.ts";
import type { Write } from "../backend/mod.ts";
import { BackendError, RefusedError } from "../errors/mod.ts";

const PN = "5511999990000";
const LID = "100000000000007";
const PN_0 = `${PN}@c.us.0`;
const PN_3 = `${PN}:3@c.us.0`;
const HOSTED = `${PN}:99@hosted.0`;
const LID_0 = `${LID}@lid.0`;
const LID_3 = `${LID}:3@lid.0`;
const HOSTED_LID = `${LID}:99@hosted.lid.0`;

function key(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill);
}

function sessionOf({ rows }: World, address: string): { current?: object; archive: object[] } {
  return JSON.parse(new TextDecoder().decode(rows.sessions.get(address)?.record));
}

describe("SignalStoreCache.moveUser", () => {
  test("moves stored and dirty state and the writes in one commit", async () => {
    const here = world();
    const { cache, rows } = here;
    await haveSession(here, PN_0);
    rows.identities.set(PN_0, key(1));
    await cache.sessions.put(PN_3, CounterRecord.of("s3", "c3", 0), { consumedPreKeyId: 7 });
    rows.preKeys.add(7);
    await cache.identities.put(PN_3, key(3));
    storeSession(rows, HOSTED, { next: 4, reservedUntil: 9 });
    const theirs = new CounterRecord();
    theirs.archive.push({ start: "", chain: "theirs", next: 9 });
    await cache.senderKeys.put(`${GROUP}:${PN_3}`, theirs);
    // Another user's.
    await haveSession(here, `${PN}1@c.us.0`);
    await haveSession(here, `${PN}@bot.0`);
    const commits = rows.commits.length;
    const write: Write = { kind: "deviceList.delete", user: PN };
    const report = await cache.moveUser(PN, LID, { writes: [write] });
    expect(report).toEqual({ sessions: 3, identities: 2, senderKeys: 1, skipped: [] });
    expect(rows.commits).toHaveLength(commits + 1);
    expect(rows.commits.at(-1)).toContainEqual(write);
    expect([...rows.sessions.keys()].sort()).toEqual(
      [LID_0, LID_3, HOSTED_LID, `${PN}1@c.us.0`, `${PN}@bot.0`].sort(),
    );
    expect(Object.fromEntries(rows.identities)).toEqual({ [LID_0]: key(1), [LID_3]: key(3) });
    expect([...rows.senderKeys.keys()]).toEqual([`${GROUP}:${LID_3}`]);
    expect(rows.preKeys.size).toBe(0);
    expect(cache.stats.dirty).toBe(0);
    expect(cache.sessions.peek(LID_0)?.current?.chain).toBe(`chain ${PN_0}`);
    expect(await cache.sessions.load(PN_0)).toBeUndefined();
    expect(await cache.identities.load(PN_0)).toBeUndefined();
    expect(await cache.identities.load(LID_0)).toEqual(key(1));
    expect((await cache.sessions.load(HOSTED_LID))?.current?.next).toBe(9);
    const again = await cache.moveUser(PN, LID);
    expect(again).toEqual({ sessions: 0, identities: 0, senderKeys: 0, skipped: [] });
    expect(rows.commits).toHaveLength(commits + 1);
  });

  test("keeps a session's lease, and its gate until the commit", async () => {
    const here = world();
    await haveSession(here, PN_0);
    for (let n = 0; n < 4; n += 1) await send(here, PN_0);
    await here.cache.moveUser(PN, LID);
    expect(here.rows.sessions.get(LID_0)?.lease).toEqual({
      reservedUntil: 7,
      incarnation: here.cache.incarnation,
      burned: 0,
    });
    expect(await send(here, LID_0)).toEqual({ chain: `chain ${PN_0}`, counter: 4, gated: false });
    expect((await here.crash().cache.sessions.load(LID_0))?.current?.next).toBe(7);
  });

  test("opens the gate of a moved session when the move is durable", async () => {
    const here = world();
    await haveSession(here, PN_0);
    const record = (await here.cache.sessions.load(PN_0)) ?? new CounterRecord();
    record.send();
    await here.cache.sessions.put(PN_0, record);
    here.rows.fates.push(new BackendError("down"));
    await expect(here.cache.moveUser(PN, LID)).rejects.toThrow("down");
    expect(here.cache.stats.gated).toBe(1);
    expect(here.rows.sessions.has(PN_0)).toBe(true);
    await here.cache.moveUser(PN, LID);
    await here.cache.publishable([PN_0]);
    expect(here.cache.stats.gated).toBe(0);
    expect((await send(here.crash(), LID_0)).counter).toBe(1);
  });

  test("keeps the LID's session and archives the other one, burned", async () => {
    const here = world();
    const { cache, rows } = here;
    await haveSession(here, LID_0, 20);
    await haveSession(here, PN_0);
    const older = (await cache.sessions.load(PN_0)) ?? new CounterRecord();
    older.begin("newer", "newer chain");
    await cache.sessions.put(PN_0, older);
    for (let n = 0; n < 4; n += 1) await send(here, PN_0);
    await send(here, LID_0);
    await cache.moveUser(PN, LID);
    expect(sessionOf(here, LID_0)).toEqual({
      current: { start: `start ${LID_0}`, chain: `chain ${LID_0}`, next: 21 },
      archive: [
        { start: "newer", chain: "newer chain", next: 7 },
        { start: `start ${PN_0}`, chain: `chain ${PN_0}`, next: 7 },
      ],
      received: 0,
    });
    expect(rows.sessions.has(PN_0)).toBe(false);
    // 21 is within the reservation before the move.
    expect(await send(here, LID_0)).toMatchObject({ counter: 21, gated: false });
  });

  test("makes the other session current over a closed one, and gated", async () => {
    const here = world();
    const closed = new CounterRecord();
    closed.archive.push({ start: "old", chain: "old", next: 3, closed: true });
    await here.cache.sessions.put(LID_0, closed);
    await haveSession(here, PN_0);
    for (let n = 0; n < 4; n += 1) await send(here, PN_0);
    await here.cache.moveUser(PN, LID);
    expect(await send(here, LID_0)).toEqual({ chain: `chain ${PN_0}`, counter: 7, gated: true });
  });

  test("keeps the LID's identity and any unreadable one", async () => {
    const here = world();
    const { cache, rows } = here;
    rows.identities.set(PN_0, key(1));
    rows.identities.set(LID_0, key(2));
    rows.identities.set(PN_3, key(3));
    rows.identities.set(LID_3, new Uint8Array(31));
    const report = await cache.moveUser(PN, LID);
    expect(report).toEqual({
      sessions: 0,
      identities: 1,
      senderKeys: 0,
      skipped: [{ kind: "identity", address: PN_3 }],
    });
    expect(Object.fromEntries(rows.identities)).toEqual({
      [LID_0]: key(2),
      [PN_3]: key(3),
      [LID_3]: new Uint8Array(31),
    });
    expect(await cache.identities.load(LID_0)).toEqual(key(2));
  });

  test("merges sender keys, and skips our own unreadable one", async () => {
    const here = world();
    const { cache, rows } = here;
    const put = async (name: string, chain: string) => {
      const record = new CounterRecord();
      record.archive.push({ start: "", chain, next: 5 });
      await cache.senderKeys.put(name, record);
    };
    await put(`${GROUP}:${PN_0}`, "pn");
    await put(`${GROUP}:${LID_0}`, "lid");
    await cache.moveUser(PN, LID);
    expect(cache.senderKeys.peek(`${GROUP}:${LID_0}`)?.archive.map(({ chain }) => chain)).toEqual([
      "lid",
      "pn",
    ]);
    expect(rows.senderKeys.get(`${GROUP}:${LID_0}`)?.lease).toBeUndefined();
    const garbage = new TextEncoder().encode("garbage");
    rows.senderKeys.set(OUR_KEY, { record: garbage, lease: undefined });
    rows.senderKeys.set(`${GROUP}:5500@c.us.0`, { record: garbage, lease: undefined });
    const ours = OUR_KEY.slice(GROUP.length + 1).split(":")[0] ?? "";
    const report = await cache.moveUser("5500", ours);
    expect(report.skipped).toEqual([]);
    rows.senderKeys.set(`${GROUP}:5501:1@c.us.0`, {
      record: new TextEncoder().encode(
        JSON.stringify({ archive: [{ start: "", chain: "x", next: 0 }], received: 0 }),
      ),
      lease: undefined,
    });
    expect((await cache.moveUser("5501", ours)).skipped).toEqual([
      { kind: "senderKey", address: `${GROUP}:5501:1@c.us.0` },
    ]);
    expect(rows.senderKeys.get(OUR_KEY)?.record).toEqual(garbage);
  });

  test("keeps the LID's own sender key and clears the group's marks", async () => {
    const here = world();
    const { cache, rows } = here;
    const ours = OUR_KEY.slice(GROUP.length + 1).split(":")[0] ?? "";
    const events: string[] = [];
    cache.onEvent(({ kind, address }) => events.push(`${kind} ${address}`));
    await cache.senderKeys.put(OUR_KEY, CounterRecord.of("lid", "of the LID", 3));
    await cache.senderKeys.put(`${GROUP}:${PN}:1@c.us.0`, CounterRecord.of("pn", "of the number", 8));
    await cache.releaseLeases();
    await cache.moveUser(PN, ours);
    expect(cache.senderKeys.peek(OUR_KEY)?.current?.chain).toBe("of the LID");
    expect([...rows.senderKeys.keys()]).toEqual([OUR_KEY]);
    expect(rows.clearedGroups).toEqual([GROUP]);
    expect(rows.commits.at(-1)).toContainEqual({ kind: "senderKeyDevices.clear", group: GROUP });
    expect(rows.commits.at(-1)).toContainEqual({ kind: "senderKey.delete", name: `${GROUP}:${PN}:1@c.us.0` });
    expect(events).toEqual([`replaced ${OUR_KEY}`]);
  });

  test.each([
    ["LID", 4, 9, 5],
    ["phone number", 9, 4, 7],
  ])("continues our own key where the %s's is further", async (_, lid, pn, burned) => {
    const here = world();
    const { cache, rows } = here;
    const ours = OUR_KEY.slice(GROUP.length + 1).split(":")[0] ?? "";
    const put = (name: string, next: number, bound: number, lost: number) =>
      rows.senderKeys.set(name, {
        record: stored(CounterRecord.of("s", "c", next)),
        lease: { reservedUntil: bound, incarnation: cache.incarnation, burned: lost },
      });
    put(OUR_KEY, lid, lid + 10, burned);
    put(`${GROUP}:${PN}:1@c.us.0`, pn, pn + 2, 6);
    await cache.moveUser(PN, ours);
    const row = rows.senderKeys.get(OUR_KEY);
    expect(JSON.parse(new TextDecoder().decode(row?.record)).current).toEqual({
      start: "s",
      chain: "c",
      next: 9,
    });
    expect(row?.lease).toMatchObject({
      reservedUntil: Math.max(lid + 10, pn + 2),
      burned: Math.max(burned, 6),
    });
    // Members have the key that continues.
    expect(rows.clearedGroups).toEqual([]);
  });

  test("sets an unreadable session aside and moves the rest", async () => {
    const here = world();
    const { cache, engine, rows } = here;
    rows.sessions.set(LID_0, { record: new TextEncoder().encode("garbage"), lease: undefined });
    rows.sessions.set(PN_3, { record: new TextEncoder().encode("garbage"), lease: undefined });
    await haveSession(here, PN_0);
    await cache.moveUser(PN, LID);
    await engine.flush();
    expect([...rows.sessions.keys()]).toEqual([LID_0]);
    expect(cache.sessions.peek(LID_0)?.current?.chain).toBe(`chain ${PN_0}`);
    expect(rows.quarantine.map(({ address }) => address).sort()).toEqual([LID_0, PN_3].sort());
  });

  test("leaves an empty record behind and moves the rest", async () => {
    const here = world();
    const { cache, rows, engine } = here;
    await haveSession(here, PN_0);
    await cache.sessions.put(PN_3, new CounterRecord());
    await cache.senderKeys.put(`${GROUP}:${PN_0}`, new CounterRecord());
    expect(await cache.moveUser(PN, LID)).toMatchObject({ sessions: 1, senderKeys: 0, skipped: [] });
    await engine.flush();
    expect([...rows.sessions.keys()]).toEqual([LID_0]);
    expect(rows.senderKeys.size).toBe(0);
  });

  test("rejects two numbers for one LID, and two LIDs for one number", async () => {
    const here = world();
    const { cache, rows } = here;
    await haveSession(here, PN_0);
    await haveSession(here, `${PN}1@c.us.0`);
    const toOne = [
      { pn: PN, lid: LID },
      { pn: `${PN}1`, lid: LID },
    ];
    const toTwo = [
      { pn: PN, lid: LID },
      { pn: PN, lid: `${LID}1` },
    ];
    await expect(cache.moveUsers(toOne)).rejects.toThrow(TypeError);
    await expect(cache.moveUsers(toTwo)).rejects.toThrow(TypeError);
    expect([...rows.sessions.keys()].sort()).toEqual([PN_0, `${PN}1@c.us.0`].sort());
  });

  test("waits for both addresses' locks; waiters see the new address", async () => {
    const lids = new Map<string, string>();
    const here = world({ users: mappedBy(lids) });
    const { cache, rows } = here;
    await haveSession(here, PN_0);
    let leave: () => void = () => {};
    const holding = cache.withAddress(PN_0, async (address) => {
      await new Promise<void>((resolve) => {
        leave = resolve;
      });
      const record = (await cache.sessions.load(address)) ?? new CounterRecord();
      record.receive();
      await cache.sessions.put(address, record);
    });
    await turn();
    const move = cache.moveUser(PN, LID, {
      moved: () => void lids.set(PN, LID),
    });
    await turn();
    const seen: string[] = [];
    const waiting = cache.withAddress(PN_0, async (address) => {
      seen.push(address);
      expect((await cache.sessions.load(address))?.received).toBe(1);
    });
    await turn();
    expect(rows.sessions.has(LID_0)).toBe(false);
    leave();
    await Promise.all([holding, move, waiting]);
    expect(seen).toEqual([LID_0]);
  });

  test("moves a device that appears while locks are acquired", async () => {
    const here = world();
    const { cache, rows } = here;
    await haveSession(here, PN_0);
    let leave: () => void = () => {};
    const holding = cache.withAddress(
      PN_0,
      () =>
        new Promise<void>((resolve) => {
          leave = resolve;
        }),
    );
    await turn();
    const move = cache.moveUser(PN, LID);
    await turn();
    await cache.sessions.put(PN_3, CounterRecord.of("s3", "c3", 0));
    leave();
    await holding;
    expect(await move).toMatchObject({ sessions: 2 });
    expect([...rows.sessions.keys()].sort()).toEqual([LID_0, LID_3].sort());
  });

  test("changes nothing when it fails, and can be repeated", async () => {
    const here = world();
    const { cache, rows, engine } = here;
    await haveSession(here, PN_0);
    await haveSession(here, LID_0);
    rows.identities.set(PN_0, key(1));
    rows.fates.push(new BackendError("down"));
    await expect(cache.moveUser(PN, LID)).rejects.toThrow("down");
    expect(cache.sessions.peek(PN_0)?.current?.chain).toBe(`chain ${PN_0}`);
    expect(cache.sessions.peek(LID_0)?.archive).toEqual([]);
    await engine.flush();
    expect([...rows.sessions.keys()]).toEqual([PN_0, LID_0]);
    rows.readError = new BackendError("read: down");
    await expect(cache.moveUser(PN, LID)).rejects.toThrow("read: down");
    rows.readError = undefined;
    await cache.moveUser(PN, LID);
    expect([...rows.sessions.keys()]).toEqual([LID_0]);
  });

  test("is undone by the next flush when its outcome is unknown", async () => {
    for (const fate of ["lost", "lost-answer"] as const) {
      const here = world();
      const { cache, rows, engine } = here;
      await haveSession(here, PN_0);
      rows.identities.set(PN_0, key(1));
      rows.fates.push(fate);
      await expect(cache.moveUser(PN, LID)).rejects.toMatchObject({ code: "ambiguous" });
      expect(cache.sessions.peek(PN_0)?.current?.chain).toBe(`chain ${PN_0}`);
      await engine.flush();
      expect([...rows.sessions.keys()]).toEqual([PN_0]);
      expect([...rows.identities.keys()]).toEqual([PN_0]);
      await cache.moveUser(PN, LID);
      expect([...rows.sessions.keys()]).toEqual([LID_0]);
      expect([...rows.identities.keys()]).toEqual([LID_0]);
    }
  });

  test("gates both addresses after an unknown outcome", async () => {
    for (const fate of ["lost", "lost-answer"] as const) {
      for (const crashes of [false, true]) {
        const here = world();
        await haveSession(here, PN_0);
        // Within its lease, so that its next send would not be gated.
        for (let n = 0; n < 2; n += 1) await send(here, PN_0);
        here.rows.fates.push(fate);
        await here.cache.moveUser(PN, LID).catch(() => {});
        expect(await send(here, PN_0)).toMatchObject({ counter: 2, gated: true });
        expect([...here.rows.sessions.keys()]).toEqual([PN_0]);
        const next = crashes ? here.crash() : here;
        await next.cache.moveUser(PN, LID);
        expect((await send(next, LID_0)).counter).toBeGreaterThan(2);
      }
    }
  });

  test("keeps the gate while the other row cannot be written", async () => {
    const here = world();
    await haveSession(here, PN_0);
    here.rows.fates.push("lost-answer");
    await here.cache.moveUser(PN, LID).catch(() => {});
    here.rows.poison = (write) => write.kind === "session.delete" && write.address === LID_0;
    await expect(send(here, PN_0)).rejects.toThrow(RefusedError);
    expect(here.rows.sessions.has(PN_0)).toBe(true);
    // Both rows contain the chain now. Joined, it continues beyond both.
    const next = here.crash();
    next.rows.poison = () => false;
    for (let n = 0; n < 2; n += 1) expect((await send(next, PN_0)).counter).toBe(n + 1);
    await next.cache.moveUser(PN, LID);
    expect((await send(next, LID_0)).counter).toBeGreaterThan(2);
  });

  test("is not blocked or overwritten by refused rows", async () => {
    const here = world();
    const { cache, rows, engine } = here;
    await haveSession(here, PN_0);
    const record = (await cache.sessions.load(PN_0)) ?? new CounterRecord();
    record.receive();
    await cache.sessions.put(PN_0, record);
    rows.poison = (write) => write.kind === "session.put" && write.address === PN_0;
    await cache.moveUser(PN, LID);
    expect([...rows.sessions.keys()]).toEqual([LID_0]);
    rows.poison = () => false;
    await engine.flush();
    expect([...rows.sessions.keys()]).toEqual([LID_0]);
    expect(await cache.sessions.load(PN_0)).toBeUndefined();
    expect(cache.sessions.peek(LID_0)?.received).toBe(1);
  });

  test("does not restore a moved record when leases are released", async () => {
    const here = world();
    await haveSession(here, PN_0);
    for (let n = 0; n < 4; n += 1) await send(here, PN_0);
    here.rows.holdCommits();
    const move = here.cache.moveUser(PN, LID);
    await turn();
    const released = here.cache.releaseLeases();
    await turn();
    here.rows.releaseCommits();
    await Promise.all([move, released]);
    expect(await here.cache.sessions.load(PN_0)).toBeUndefined();
    await here.engine.flush();
    expect([...here.rows.sessions.keys()]).toEqual([LID_0]);
    expect(await send(here, LID_0)).toMatchObject({ counter: 4 });
  });

  test("keeps moved entries in memory in a full store", async () => {
    const here = world({ capacity: 1 });
    const { cache, rows } = here;
    storeSession(rows, PN_0, { next: 4, reservedUntil: 4 });
    rows.holdCommits();
    const move = cache.moveUser(PN, LID);
    await turn();
    await cache.sessions.load("1@lid.0");
    await cache.sessions.load("2@lid.0");
    rows.releaseCommits();
    await move;
    expect((await cache.sessions.load(LID_0))?.current?.next).toBe(4);
    expect(await cache.sessions.load(PN_0)).toBeUndefined();
  });

  test.each(["moved", "deleted"])("finds state that is %s and evicted during the listing", async (done) => {
    const here = world({ capacity: 1 });
    const { cache, rows, engine } = here;
    await cache.sessions.put(PN_0, CounterRecord.of("s", "c", 0));
    rows.holdReads();
    const doing: Promise<unknown> =
      done === "moved"
        ? cache.moveUser(PN, LID)
        : cache.deleteSessions({ users: [PN], where: () => true }, []);
    await turn();
    // The first listing selects the locks. The second one, under the locks, decides.
    rows.releaseReads();
    rows.holdReads();
    await turn();
    await engine.flush();
    await cache.sessions.delete("1@lid.0");
    expect(cache.sessions.peek(PN_0)).toBeUndefined();
    rows.releaseReads();
    await doing;
    expect(rows.sessions.has(PN_0)).toBe(false);
    expect(rows.sessions.has(LID_0)).toBe(done === "moved");
  });

  test("moves state put under a number resolved before its mapping", async () => {
    const lids = new Map<string, string>();
    const here = world({ users: mappedBy(lids) });
    const { cache, rows } = here;
    await haveSession(here, PN_0);
    const theirKey = `${GROUP}:${PN_3}`;
    rows.holdCommits();
    const moving = cache.moveUser(PN, LID, {
      moved: () => void lids.set(PN, LID),
    });
    await turn();
    // A device that was unknown when the move began, and a sender key.
    const putting = cache.withAddress(PN_3, async (address) => {
      await cache.sessions.put(address, CounterRecord.of("s3", "c3", 0));
      await turn();
      return (await cache.sessions.put(address, CounterRecord.of("s3", "c3", 1))).gated;
    });
    const learning = cache.withSenderKey(theirKey, async (name) => {
      const theirs = new CounterRecord();
      theirs.archive.push({ start: "", chain: "theirs", next: 9 });
      await cache.senderKeys.put(name, theirs);
      await turn();
    });
    rows.releaseCommits();
    expect((await moving).sessions).toBe(2);
    await Promise.all([putting, learning]);
    const seen = await cache.withAddress(PN_3, async (address) => [
      address,
      (await cache.sessions.load(address))?.current?.chain,
    ]);
    expect(seen).toEqual([LID_3, "c3"]);
    expect(await cache.senderKeys.load(`${GROUP}:${LID_3}`)).toBeDefined();
    await here.engine.flush();
    expect([...rows.sessions.keys()].sort()).toEqual([LID_0, LID_3].sort());
    expect([...rows.senderKeys.keys()]).toEqual([`${GROUP}:${LID_3}`]);
  });
});
