import { describe, expect, test } from "vitest";
import { deviceHarness } from "../../test/support/account/device.ts";
import { listAllRows, type RedactedRow } from "../backend/mod.ts";
import { BackendError, LimitError } from "../errors/mod.ts";
import { collect } from "../testing/conformance/collect.ts";
import { drawWrite, PUTTING_KINDS } from "../testing/conformance/write_samples.ts";
import { SeededRandom } from "../testing/mod.ts";
import type { DebugSnapshot, DeviceCommand } from "./mod.ts";

const PN = "5511999990000:3@s.whatsapp.net";

test("a snapshot is frozen, in constant time, and shows a change at once", () => {
  const { manager } = deviceHarness();
  const before = manager.getDeviceSnapshot();
  expect(manager.getDeviceSnapshot()).toBe(before);
  expect(Object.isFrozen(before) && Object.isFrozen(before.identityKey)).toBe(true);
  expect(Object.isFrozen(before.appVersion)).toBe(true);
  manager.processCommand({ kind: "setPushName", pushName: "Ada" });
  expect(before.pushName).toBe("");
  expect(manager.getDeviceSnapshot().pushName).toBe("Ada");
});

test("writing into a snapshot's bytes or map does not change the state", async () => {
  const { manager, backend } = deviceHarness({ device: { extra: new Map([["a", new Uint8Array([1])]]) } });
  manager.processCommand({ kind: "setPropsHash", propsHash: "published once" });
  const { identityKey, extra } = manager.getDeviceSnapshot();
  const privateKey = new Uint8Array(identityKey.privateKey);
  identityKey.privateKey.fill(0);
  extra.get("a")?.fill(9);
  (extra as Map<string, Uint8Array>).set("b", new Uint8Array());
  await manager.flush();
  expect((await backend.load())?.identityKey.privateKey).toEqual(privateKey);
  manager.processCommand({ kind: "setPushName", pushName: "Ada" });
  await manager.flush();
  const stored = await backend.load();
  expect(stored?.identityKey.privateKey).toEqual(privateKey);
  expect([...(stored?.extra ?? [])]).toEqual([["a", new Uint8Array([1])]]);
  expect(manager.getDeviceSnapshot().identityKey.privateKey).toEqual(privateKey);
});

test("writing into a snapshot's bytes or map shows in no other read", () => {
  const { manager } = deviceHarness({ device: { extra: new Map([["a", new Uint8Array([1])]]) } });
  const snapshot = manager.getDeviceSnapshot();
  const before = structuredClone(snapshot);
  snapshot.identityKey.privateKey.fill(0);
  snapshot.advSecretKey.fill(0);
  snapshot.extra.get("a")?.fill(9);
  (snapshot.extra as Map<string, Uint8Array>).clear();
  expect(manager.getDeviceSnapshot()).toBe(snapshot);
  expect(structuredClone(snapshot)).toEqual(before);
  expect({ ...snapshot }).toEqual(before);
});

test("what comes in is copied: draft, command and initial device", async () => {
  const { manager } = deviceHarness();
  const salt = new Uint8Array([1, 2]);
  manager.processCommand({ kind: "setNctSalt", nctSalt: salt });
  salt.fill(0);
  const info = Buffer.from([3, 4]);
  const kept = manager.modifyDevice((draft) => {
    draft.edgeRoutingInfo = info;
    return draft;
  });
  info.fill(0);
  kept.pushName = "later";
  const { nctSalt, edgeRoutingInfo, pushName } = manager.getDeviceSnapshot();
  expect([nctSalt, edgeRoutingInfo, pushName]).toEqual([new Uint8Array([1, 2]), new Uint8Array([3, 4]), ""]);
  expect(edgeRoutingInfo?.constructor).toBe(Uint8Array);
});

test("a change that throws, is async, nested or invalid changes nothing", () => {
  const { manager } = deviceHarness();
  const before = manager.getDeviceSnapshot();
  const failing: (() => unknown)[] = [
    () =>
      manager.modifyDevice((draft) => {
        draft.pushName = "half";
        throw new Error("caller's bug");
      }),
    () =>
      manager.modifyDevice(async (draft) => {
        draft.pushName = "async";
      }),
    () =>
      manager.modifyDevice((draft) => {
        draft.pushName = "outer";
        manager.modifyDevice(() => {});
      }),
    () =>
      manager.modifyDevice(() => {
        manager.processCommand({ kind: "setPushName", pushName: "inner" });
      }),
    () =>
      manager.modifyDevice((draft) => {
        draft.registrationId = 0;
      }),
    () =>
      manager.modifyDevice((draft) => {
        draft.identityKey = { ...draft.identityKey, publicKey: new Uint8Array(31) };
      }),
    () =>
      manager.modifyDevice((draft) => {
        draft.extra.set("too large", new Uint8Array(2_000_001));
      }),
    () => manager.processCommand({ kind: "setAdvSecretKey", advSecretKey: new Uint8Array(31) }),
    () => manager.modifyDevice(() => {}, { writes: [{ kind: "preKey.remove", id: 0 }] }),
  ];
  for (const fail of failing) expect(fail).toThrow();
  expect(manager.getDeviceSnapshot()).toBe(before);
  expect(manager.isDirty).toBe(false);
  expect(() => manager.modifyDevice(() => {})).not.toThrow();
});

test("a command that fails leaves the runtime state too", () => {
  const { manager } = deviceHarness();
  const bad = { kind: "setNctSalt", nctSalt: "text" } as unknown as DeviceCommand;
  expect(() => manager.processCommand(bad)).toThrow(TypeError);
  expect(manager.getRuntime().nctSaltSyncSeen).toBe(false);
  manager.processCommand({ kind: "setNctSalt", nctSalt: undefined });
  expect(manager.getRuntime().nctSaltSyncSeen).toBe(true);
  expect(Object.isFrozen(manager.getRuntime())).toBe(true);
  expect(manager.isDirty).toBe(false);
});

test("a change that changes nothing is not dirty", async () => {
  const { manager, plan } = deviceHarness();
  manager.modifyDevice((draft) => {
    draft.pushName = "";
    draft.advSecretKey = new Uint8Array(draft.advSecretKey);
  });
  manager.processCommand({ kind: "clearServerCertChain" });
  expect(manager.isDirty).toBe(false);
  await manager.flush();
  expect(plan.commits).toBe(0);
});

test("what changes during a flush stays dirty; what failed stays dirty", async () => {
  const { manager, plan, backend } = deviceHarness();
  manager.processCommand({ kind: "setPushName", pushName: "one" });
  plan.next("hold");
  const flushing = manager.flush();
  while (plan.held === 0) await Promise.resolve();
  manager.processCommand({ kind: "setPushName", pushName: "two" });
  plan.release();
  await flushing;
  expect((await backend.load())?.pushName).toBe("one");
  expect(manager.isDirty).toBe(true);
  plan.next(new BackendError("commit: connection lost"));
  await expect(manager.flush()).rejects.toThrow("connection lost");
  expect(manager.isDirty).toBe(true);
  await manager.flush();
  expect((await backend.load())?.pushName).toBe("two");
  expect(manager.isDirty).toBe(false);
});

test("the saver saves dirty state in its interval, and flushes at its stop", async () => {
  const { manager, plan, backend, host } = deviceHarness();
  const saver = manager.runBackgroundSaver(2_000);
  await host.scheduler.advance(60_000);
  expect(plan.commits).toBe(0);
  manager.processCommand({ kind: "setPushName", pushName: "one" });
  manager.processCommand({ kind: "setPropsHash", propsHash: "h" });
  await host.scheduler.advance(2_000);
  expect(plan.commits).toBe(1);
  expect((await backend.load())?.pushName).toBe("one");
  manager.processCommand({ kind: "setPushName", pushName: "two" });
  await saver.stop();
  expect((await backend.load())?.pushName).toBe("two");
});

test("writes of a modification land with the device, in order, or not", async () => {
  const { manager, plan, backend } = deviceHarness();
  const count = (seen: number): void => {
    manager.modifyDevice(
      (draft) => {
        draft.loginCounter = seen;
      },
      { writes: [{ kind: "session.put", address: "1000@lid.0", record: Uint8Array.of(seen) }] },
    );
  };
  count(1);
  plan.next(new BackendError("commit: connection lost"));
  await expect(manager.flush()).rejects.toThrow();
  expect(await backend.getSession("1000@lid.0")).toBeUndefined();
  plan.next("hold");
  const flushing = manager.flush();
  while (plan.held === 0) await Promise.resolve();
  count(2);
  plan.release();
  await flushing;
  expect((await backend.load())?.loginCounter).toBe(1);
  expect(await backend.getSession("1000@lid.0")).toEqual(Uint8Array.of(1));
  await manager.flush();
  expect((await backend.load())?.loginCounter).toBe(2);
  expect(await backend.getSession("1000@lid.0")).toEqual(Uint8Array.of(2));
  const report = await manager.flush();
  expect(report.writes).toBe(0);
});

test("writes that wait for the device are bounded", () => {
  const { manager } = deviceHarness();
  const write = { kind: "session.delete", address: "1000@lid.0" } as const;
  manager.modifyDevice(() => {}, { writes: new Array(8_192).fill(write) });
  const before = manager.getDeviceSnapshot();
  const change = () =>
    manager.modifyDevice(
      (draft) => {
        draft.pushName = "too much";
      },
      { writes: [write] },
    );
  expect(change).toThrow(LimitError);
  expect(manager.getDeviceSnapshot()).toBe(before);
});

test("no modification sets pre-key counters back, nor a new identity", () => {
  const { manager } = deviceHarness({ device: { nextPreKeyId: 31, firstUnuploadedPreKeyId: 11 } });
  manager.modifyDevice((draft) => {
    draft.nextPreKeyId = 5;
    draft.firstUnuploadedPreKeyId = 12;
  });
  expect(manager.getDeviceSnapshot()).toMatchObject({ nextPreKeyId: 31, firstUnuploadedPreKeyId: 12 });
  manager.modifyDevice((draft) => {
    draft.identityKey = draft.noiseKey;
    draft.nextPreKeyId = 1;
    draft.firstUnuploadedPreKeyId = 1;
  });
  // No key of the new identity was uploaded.
  expect(manager.getDeviceSnapshot()).toMatchObject({ nextPreKeyId: 31, firstUnuploadedPreKeyId: 31 });
  // Credentials that come from elsewhere go on where they were there.
  manager.modifyDevice((draft) => {
    draft.identityKey = draft.signedPreKey;
    draft.nextPreKeyId = 900;
    draft.firstUnuploadedPreKeyId = 880;
  });
  expect(manager.getDeviceSnapshot()).toMatchObject({ nextPreKeyId: 900, firstUnuploadedPreKeyId: 880 });
});

test("registered means a phone number, ready for presence a push name too", () => {
  const { manager } = deviceHarness();
  expect([manager.isRegistered, manager.isReadyForPresence]).toEqual([false, false]);
  manager.processCommand({ kind: "setPushName", pushName: "Ada" });
  expect([manager.isRegistered, manager.isReadyForPresence]).toEqual([false, false]);
  manager.processCommand({ kind: "setId", pn: PN });
  expect([manager.isRegistered, manager.isReadyForPresence]).toEqual([true, true]);
  manager.processCommand({ kind: "setPushName", pushName: "" });
  expect([manager.isRegistered, manager.isReadyForPresence]).toEqual([true, false]);
});

test("a debug snapshot is flushed first, and has extra bytes but no secret", async () => {
  const snapshots: DebugSnapshot[] = [];
  const { manager, backend, host } = deviceHarness({
    snapshotSink: (snapshot) => void snapshots.push(snapshot),
  });
  manager.modifyDevice((draft) => {
    draft.pn = PN;
    draft.nctSalt = new Uint8Array(16).fill(0xab);
    draft.propsHash = "props-secret";
    draft.extra.set("adapter", new Uint8Array(5).fill(0xcd));
  });
  const extra = new Uint8Array([1, 2, 3]);
  const taking = manager.createSnapshot("before-logout", extra);
  extra.fill(0);
  await taking;
  expect((await backend.load())?.pn).toBe(PN);
  expect(snapshots).toMatchObject([
    {
      name: "before-logout",
      takenAtMs: host.clock.nowMs(),
      extra: new Uint8Array([1, 2, 3]),
      device: { pn: PN, nctSaltBytes: 16, extraBytes: { adapter: 5 }, hasPropsHash: true },
      database: { name: "before-logout", extra: new Uint8Array([1, 2, 3]) },
    },
  ]);
  const device = manager.getDeviceSnapshot();
  const text = JSON.stringify({ ...snapshots[0], extra: undefined });
  expect(text).not.toContain("props-secret");
  for (const key of [device.identityKey.privateKey, device.advSecretKey, device.nctSalt ?? extra]) {
    expect(text).not.toContain([...key.subarray(0, 4)].join(","));
    expect(text).not.toContain(Buffer.from(key).toString("base64").slice(0, 8));
    expect(text).not.toContain(Buffer.from(key).toString("hex").slice(0, 8));
  }
  const tooLarge = new Uint8Array(16 * 1_024 * 1_024 + 1);
  await expect(manager.createSnapshot("large", tooLarge)).rejects.toBeInstanceOf(RangeError);
});

test("without a sink a snapshot rejects, and one with secrets without a sink for backups", async () => {
  const { manager } = deviceHarness();
  for (const secrets of [false, true])
    await expect(manager.createSnapshot("name", undefined, { secrets })).rejects.toBeInstanceOf(TypeError);
  const withSink = deviceHarness({ snapshotSink: () => {} });
  await expect(withSink.manager.createSnapshot("name", undefined, { secrets: true })).rejects.toThrow(
    "takes no backups",
  );
  await expect(withSink.manager.createSnapshot("")).rejects.toBeInstanceOf(TypeError);
});

test("a debug snapshot has every row, with lengths in the place of bytes", async () => {
  const rows: RedactedRow[] = [];
  const { manager, backend } = deviceHarness({
    snapshotSink: async (snapshot) => {
      for await (const row of snapshot.rows) rows.push(row);
    },
  });
  const from = { random: new SeededRandom(8), nowS: 1_700_000_000 };
  const writes = [...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, from));
  await backend.commit(writes.filter(({ kind }) => !kind.startsWith("account.") && kind !== "device.save"));
  await manager.createSnapshot("rows");
  const stored = await collect(listAllRows(backend));
  expect(rows.map(({ table }) => table)).toEqual(stored.map(({ kind }) => kind.split(".")[0]));
  expect(new Set(rows.map(({ table }) => table)).size).toBeGreaterThan(12);
  const hasBytes = (value: unknown): boolean =>
    value instanceof Uint8Array ||
    value instanceof Map ||
    (typeof value === "object" && value !== null && Object.values(value).some(hasBytes));
  expect(rows.some(hasBytes)).toBe(false);
  const session = stored.find((row) => row.kind === "session.put");
  expect(rows.find(({ table }) => table === "session")?.row).toMatchObject({
    address: session?.kind === "session.put" && session.address,
    record: { bytes: session?.kind === "session.put" && session.record.length },
  });
});

describe("PersistenceManager: what pairing brings", () => {
  test("is durable within 50 ms, in one commit, however many turns it takes", async () => {
    const { manager, writeBehind, backend, plan, host } = deviceHarness();
    manager.runBackgroundSaver();
    await host.scheduler.runDue();
    const commits = plan.commits;
    const commands: readonly DeviceCommand[] = [
      { kind: "setId", pn: PN },
      { kind: "setLid", lid: "100000000000001:3@lid" },
      { kind: "setPlatform", platform: "android" },
      { kind: "setPushName", pushName: "Ada" },
      { kind: "setNctSalt", nctSalt: new Uint8Array([1, 2, 3]) },
    ];
    for (const command of commands) {
      manager.processCommand(command);
      await host.scheduler.advance(5);
    }
    await host.scheduler.advance(25);
    expect(plan.commits - commits).toBe(1);
    expect(await backend.load()).toMatchObject({
      pn: PN,
      pushName: "Ada",
      nctSalt: new Uint8Array([1, 2, 3]),
    });
    expect(writeBehind.health().pending.must).toBe(0);
  });
});
