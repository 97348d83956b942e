import { expect, test } from "vitest";
import { deviceHarness } from "../../test/support/account/device.ts";
import { MAX_KEY_ID } from "../bytes/mod.ts";
import { BackendError } from "../errors/mod.ts";
import { decodePreKey } from "../records/mod.ts";

const record = (id: number): Uint8Array => Uint8Array.of(id & 0xff);

test("returns public halves of pre-keys that are durable with their counters", async () => {
  const { manager, backend, plan } = deviceHarness();
  const keys = await manager.generatePreKeys(5);
  expect(keys.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  expect(plan.commits).toBe(1);
  const rows = await backend.loadPreKeys([1, 2, 3, 4, 5, 6]);
  expect(rows.map(({ uploaded }) => uploaded)).toEqual([false, false, false, false, false]);
  for (const [index, row] of rows.entries()) {
    const stored = decodePreKey(row.record);
    expect({ id: stored.id, publicKey: stored.publicKey }).toEqual(keys[index]);
  }
  expect(await backend.load()).toMatchObject({ nextPreKeyId: 6, firstUnuploadedPreKeyId: 1 });
});

test("a failed commit stores neither keys nor counters; both land later", async () => {
  const { manager, backend, plan } = deviceHarness();
  await manager.flush();
  await backend.save(manager.getDeviceSnapshot());
  plan.next(new BackendError("commit: connection lost"));
  await expect(manager.addPreKeys(2, record)).rejects.toThrow("connection lost");
  expect(await backend.getMaxPreKeyId()).toBe(0);
  expect((await backend.load())?.nextPreKeyId).toBe(1);
  manager.processCommand({ kind: "setPushName", pushName: "Ada" });
  expect(await manager.addPreKeys(1, record)).toEqual([3]);
  expect((await backend.loadPreKeys([1, 2, 3])).length).toBe(3);
  expect((await backend.load())?.nextPreKeyId).toBe(4);
});

test("an unset counter starts after the greatest stored id", async () => {
  const { manager, backend } = deviceHarness({ device: { nextPreKeyId: 0, firstUnuploadedPreKeyId: 0 } });
  await backend.storePreKey(40, record(40), true);
  expect(await manager.addPreKeys(2, record)).toEqual([41, 42]);
  expect(manager.getDeviceSnapshot()).toMatchObject({ nextPreKeyId: 43, firstUnuploadedPreKeyId: 41 });
});

test("a stray high id does not move a counter that is set", async () => {
  for (const stray of [1_000, 2 ** 23 + 5, MAX_KEY_ID]) {
    const { manager, backend } = deviceHarness({ device: { nextPreKeyId: 5, firstUnuploadedPreKeyId: 5 } });
    await backend.storePreKey(stray, record(0), true);
    expect(await manager.addPreKeys(2, record)).toEqual([5, 6]);
    expect(manager.getDeviceSnapshot().nextPreKeyId).toBe(7);
  }
});

test("after the last id comes 1, and ids of existing keys are skipped", async () => {
  const { manager, backend } = deviceHarness({
    device: { nextPreKeyId: MAX_KEY_ID - 1, firstUnuploadedPreKeyId: MAX_KEY_ID - 1 },
  });
  for (const id of [1, 2, 4]) await backend.storePreKey(id, record(id), true);
  expect(await manager.addPreKeys(4, record)).toEqual([MAX_KEY_ID - 1, MAX_KEY_ID, 3, 5]);
  expect(manager.getDeviceSnapshot()).toMatchObject({
    nextPreKeyId: 6,
    firstUnuploadedPreKeyId: MAX_KEY_ID - 1,
  });
  expect(await backend.loadPreKey(1)).toEqual(record(1));
});

test("an unset counter whose greatest stored id is the last starts at 1", async () => {
  const { manager, backend } = deviceHarness({ device: { nextPreKeyId: 0, firstUnuploadedPreKeyId: 0 } });
  await backend.storePreKey(MAX_KEY_ID, record(0), true);
  expect(await manager.addPreKeys(1, record)).toEqual([1]);
});

test("ids that wait to be committed are not handed out twice", async () => {
  const { manager, plan } = deviceHarness();
  plan.next("hold");
  const calls = [3, 2, 4].map((count) => manager.addPreKeys(count, record));
  while (plan.held === 0) await Promise.resolve();
  const late = manager.addPreKeys(2, record);
  // A mirror that lags behind sets the counter to what it last saw.
  manager.modifyDevice((draft) => {
    draft.nextPreKeyId = 2;
  });
  plan.release();
  const ids = (await Promise.all([...calls, late])).flat();
  expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("a counter that is moved while the store is read is respected", async () => {
  const { manager, backend } = deviceHarness();
  const loadPreKeys = backend.loadPreKeys.bind(backend);
  let moved = false;
  backend.loadPreKeys = async (ids) => {
    if (!moved) {
      moved = true;
      manager.processCommand({ kind: "setPreKeyWatermarks", nextPreKeyId: 20, firstUnuploadedPreKeyId: 1 });
    }
    return await loadPreKeys(ids);
  };
  expect(await manager.addPreKeys(2, record)).toEqual([20, 21]);
});

test("ids that wait to be committed are skipped wherever the counter is", async () => {
  const { manager, plan, backend } = deviceHarness();
  plan.next(new BackendError("commit: connection lost"));
  manager.modifyDevice(() => {}, {
    writes: [{ kind: "preKey.put", id: 2, record: record(2), uploaded: false }],
  });
  await expect(manager.flushDevice()).rejects.toThrow("connection lost");
  expect(await manager.addPreKeys(2, record)).toEqual([1, 3]);
  expect((await backend.loadPreKeys([1, 2, 3])).length).toBe(3);
});

test("waiting pre-keys of a former identity never land, nor do their ids", async () => {
  const { manager, plan, backend } = deviceHarness();
  plan.next(new BackendError("commit: connection lost"));
  await expect(manager.addPreKeys(2, record)).rejects.toThrow("connection lost");
  manager.modifyDevice((draft) => {
    draft.identityKey = draft.noiseKey;
  });
  expect(await manager.addPreKeys(1, record)).toEqual([3]);
  expect((await backend.loadPreKeys([1, 2, 3])).map(({ id }) => id)).toEqual([3]);
});

test("a record that cannot be made, or a senseless count, changes nothing", async () => {
  const { manager } = deviceHarness();
  const before = manager.getDeviceSnapshot();
  const bug = (id: number): Uint8Array => {
    if (id === 2) throw new Error("caller's bug");
    return record(id);
  };
  await expect(manager.addPreKeys(3, bug)).rejects.toThrow("caller's bug");
  await expect(manager.addPreKeys(3, () => new Uint8Array())).rejects.toBeInstanceOf(RangeError);
  for (const count of [0, 4_097, 1.5]) {
    await expect(manager.addPreKeys(count, record)).rejects.toBeInstanceOf(RangeError);
  }
  expect(manager.getDeviceSnapshot()).toBe(before);
  expect(await manager.addPreKeys(1, record)).toEqual([1]);
});

test("marks, watermark and flag change in one commit, and revive no key", async () => {
  const { manager, backend, plan } = deviceHarness();
  await manager.addPreKeys(5, record);
  await backend.removePreKey(2);
  const commits = plan.commits;
  await manager.markPreKeysUploaded([1, 2, 3]);
  expect(plan.commits).toBe(commits + 1);
  const rows = await backend.loadPreKeys([1, 2, 3, 4, 5]);
  expect(rows.map(({ id, uploaded }) => [id, uploaded])).toEqual([
    [1, true],
    [3, true],
    [4, false],
    [5, false],
  ]);
  expect(await backend.load()).toMatchObject({ firstUnuploadedPreKeyId: 4, serverHasPreKeys: true });
  await manager.markPreKeysUploaded([1]);
  expect((await backend.load())?.firstUnuploadedPreKeyId).toBe(4);
  for (const id of [6, 7, 0, MAX_KEY_ID + 1]) {
    await expect(manager.markPreKeysUploaded([id])).rejects.toBeInstanceOf(RangeError);
  }
});
