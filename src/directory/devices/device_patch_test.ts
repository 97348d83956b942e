import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AdvKeyIndexList, DeviceListRecord } from "../../records/mod.ts";
import { encodeAdvKeyIndexList, encodeAdvSignedKeyIndexList } from "../../records/mod.ts";
import {
  type DeviceChange,
  patchDeviceAdd,
  patchDeviceRemove,
  patchDeviceUpdate,
  replaceDevices,
} from "./device_patch.ts";
import { readKeyIndexList } from "./key_index_list.ts";

const RECORD: DeviceListRecord = {
  user: "1000",
  devices: [{ deviceId: 0 }, { deviceId: 1, keyIndex: 1 }, { deviceId: 2, keyIndex: 2 }, { deviceId: 3 }],
  timestamp: 5,
  phash: "2:abc",
  rawId: 7,
};

function list(validIndexes: number[], currentIndex: number, rawId = 7, timestamp = 5): AdvKeyIndexList {
  return { rawId, timestamp, currentIndex, validIndexes, isHosted: false };
}

function idsOf(record: DeviceListRecord): number[] {
  return record.devices.map(({ deviceId }) => deviceId);
}

describe("patchDeviceAdd with another raw id", () => {
  test("keeps the primary device alone and adds an accepted one", () => {
    const changed = patchDeviceAdd(RECORD, { deviceId: 9, keyIndex: 9 }, list([], 8, 8));
    expect(changed.isIdentityChange).toBe(true);
    expect(idsOf(changed.record)).toEqual([0, 9]);
    expect(changed.removed).toEqual([1, 2, 3]);
    expect(changed.record.rawId).toBe(8);
  });

  test("drops companions even if the new list accepts their key indexes", () => {
    const changed = patchDeviceAdd(RECORD, { deviceId: 9, keyIndex: 9 }, list([1, 2, 3], 8, 8));
    expect([changed.isIdentityChange, idsOf(changed.record)]).toEqual([true, [0, 9]]);
    expect(changed.removed).toEqual([1, 2, 3]);
  });

  test("leaves out a device whose key index is not accepted", () => {
    const changed = patchDeviceAdd(RECORD, { deviceId: 9, keyIndex: 1 }, list([], 8, 8));
    expect([changed.isIdentityChange, idsOf(changed.record)]).toEqual([true, [0]]);
  });

  test("changes nothing when the list is older than the stored one", () => {
    const renewed = patchDeviceAdd(RECORD, { deviceId: 9, keyIndex: 9 }, list([], 8, 8, 10));
    expect(renewed.record.timestamp).toBe(10);
    // A replay of the former identity and then the new one again cause only one wipe.
    const replayed = patchDeviceAdd(renewed.record, { deviceId: 1, keyIndex: 1 }, list([1, 2], 2, 7, 9));
    expect(replayed.record).toBe(renewed.record);
    const again = patchDeviceAdd(renewed.record, { deviceId: 9, keyIndex: 9 }, list([], 8, 8, 10));
    expect([again.record, again.isIdentityChange]).toEqual([renewed.record, false]);
  });
});

describe("patchDeviceAdd", () => {
  test("removes devices that the key index list does not accept", () => {
    const added = patchDeviceAdd(RECORD, { deviceId: 9, keyIndex: 4 }, list([2], 3));
    expect(idsOf(added.record)).toEqual([0, 2, 9]);
    expect(added.removed).toEqual([1, 3]);
    expect(added.isIdentityChange).toBe(false);
  });

  test("adds a device only if its key index is accepted", () => {
    for (const [keyIndex, isAccepted] of [
      [2, true],
      [3, false],
      [4, true],
      [undefined, false],
    ] as const) {
      const { record } = patchDeviceAdd(RECORD, { deviceId: 9, keyIndex }, list([1, 2], 3));
      expect(idsOf(record).includes(9), String(keyIndex)).toBe(isAccepted);
    }
  });

  test("refreshes a known device from a list, else only `isHosted`", () => {
    const change = { deviceId: 1, keyIndex: 2, isHosted: true };
    const { record } = patchDeviceAdd(RECORD, change, list([1, 2], 2));
    expect(record.devices[1]).toEqual(change);
    const unsigned = patchDeviceAdd(RECORD, change, undefined);
    expect(unsigned.record.devices[1]).toEqual({ deviceId: 1, keyIndex: 1, isHosted: true });
  });

  test("appends a new device without a list, and restores the primary", () => {
    const bare = { ...RECORD, devices: [{ deviceId: 4 }] };
    expect(idsOf(patchDeviceAdd(bare, { deviceId: 5 }, undefined).record)).toEqual([0, 4, 5]);
  });

  test("does not treat the first raw id as another identity", () => {
    const { rawId: _rawId, ...unknown } = RECORD;
    const { record, isIdentityChange } = patchDeviceAdd(
      unknown,
      { deviceId: 1, keyIndex: 1 },
      list([1, 2], 2),
    );
    expect([isIdentityChange, record.rawId]).toEqual([false, 7]);
  });
});

describe("patchDeviceRemove and patchDeviceUpdate", () => {
  test("never removes the primary device", () => {
    const { record, removed } = patchDeviceRemove(RECORD, [0, 2, 99]);
    expect([idsOf(record), removed]).toEqual([[0, 1, 3], [2]]);
    expect(patchDeviceRemove(RECORD, [0]).record).toBe(RECORD);
  });

  test("changes a known device and adds none", () => {
    const { record } = patchDeviceUpdate(RECORD, { deviceId: 2, keyIndex: 8 });
    expect(record.devices[2]).toEqual({ deviceId: 2, keyIndex: 8 });
    expect(patchDeviceUpdate(RECORD, { deviceId: 99, keyIndex: 8 }).record).toBe(RECORD);
    expect(patchDeviceUpdate(RECORD, { deviceId: 2, keyIndex: 2 }).record).toBe(RECORD);
    // A change without a key index clears the known one.
    expect(patchDeviceUpdate(RECORD, { deviceId: 2, isHosted: true }).record.devices[2]).toEqual({
      deviceId: 2,
      isHosted: true,
    });
  });

  test("drops the hash of a changed list", () => {
    expect(patchDeviceRemove(RECORD, [1]).record.phash).toBeUndefined();
  });
});

describe("replaceDevices", () => {
  test("replaces the list and reports removed devices", () => {
    const next = { user: "1000", devices: [{ deviceId: 2 }], timestamp: 6 };
    const replaced = replaceDevices(RECORD, next);
    expect([idsOf(replaced.record), replaced.removed]).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect([replaced.record.rawId, replaced.isIdentityChange]).toEqual([7, false]);
    expect(replaceDevices(RECORD, { ...next, rawId: 8 }).isIdentityChange).toBe(true);
    const older = replaceDevices(RECORD, { ...next, timestamp: 4, rawId: 8 });
    expect([older.record, older.isIdentityChange]).toEqual([RECORD, false]);
  });
});

const index = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });
const change: fc.Arbitrary<DeviceChange> = fc.record({
  deviceId: fc.integer({ min: 0, max: 5 }),
  keyIndex: index,
});
const step = fc.oneof(
  fc.record({
    kind: fc.constant("add" as const),
    change,
    list: fc.option(
      fc.record({
        rawId: fc.integer({ min: 1, max: 2 }),
        currentIndex: fc.integer({ min: 0, max: 5 }),
        validIndexes: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
      }),
      { nil: undefined },
    ),
  }),
  fc.record({ kind: fc.constant("remove" as const), ids: fc.array(fc.integer({ min: 0, max: 5 })) }),
  fc.record({ kind: fc.constant("update" as const), change }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function apply(record: DeviceListRecord, one: Step) {
  if (one.kind === "remove") return patchDeviceRemove(record, one.ids);
  if (one.kind === "update") return patchDeviceUpdate(record, one.change);
  const list = one.list === undefined ? undefined : { ...one.list, timestamp: 0, isHosted: false };
  return patchDeviceAdd(record, one.change, list);
}

/** The same rules on a plain map. */
function model(devices: Map<number, number | undefined>, rawId: number | undefined, one: Step) {
  if (one.kind === "remove") for (const id of one.ids) if (id !== 0) devices.delete(id);
  if (one.kind === "update") {
    const { deviceId, keyIndex } = one.change;
    const isKept = keyIndex === undefined && deviceId === 0;
    if (devices.has(deviceId) && !isKept) devices.set(deviceId, keyIndex);
  }
  if (one.kind !== "add") return rawId;
  const { deviceId, keyIndex } = one.change;
  if (one.list === undefined) {
    if (!devices.has(deviceId)) devices.set(deviceId, keyIndex);
    devices.set(0, devices.get(0));
    return rawId;
  }
  const { currentIndex, validIndexes, rawId: next } = one.list;
  const accepts = (id: number, at: number | undefined): boolean =>
    id === 0 || (at !== undefined && (validIndexes.includes(at) || at > currentIndex));
  const isOther = rawId !== undefined && rawId !== next;
  for (const [id, at] of [...devices]) if (isOther ? id !== 0 : !accepts(id, at)) devices.delete(id);
  if (accepts(deviceId, keyIndex)) devices.set(deviceId, keyIndex ?? devices.get(deviceId));
  devices.set(0, devices.get(0));
  return next;
}

describe("readKeyIndexList", () => {
  test("ignores signed bytes that cannot be decoded", () => {
    const details = encodeAdvKeyIndexList(list([1], 2));
    expect(readKeyIndexList(encodeAdvSignedKeyIndexList({ details }))?.currentIndex).toBe(2);
    expect(readKeyIndexList(Uint8Array.of(1, 2, 3))).toBeUndefined();
    expect(readKeyIndexList(encodeAdvSignedKeyIndexList({ details: Uint8Array.of(0xff) }))).toBeUndefined();
    expect(readKeyIndexList(undefined)).toBeUndefined();
  });
});

describe("device patches", () => {
  test("agrees with a plain map in random sequences, idempotently", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let record: DeviceListRecord = { user: "1", devices: [{ deviceId: 0 }], timestamp: 0 };
        const devices = new Map<number, number | undefined>([[0, undefined]]);
        let rawId: number | undefined;
        for (const one of steps) {
          const before = new Set(idsOf(record));
          const patch = apply(record, one);
          rawId = model(devices, rawId, one);
          record = patch.record;
          const sorted = (entries: [number, number | undefined][]) => entries.sort(([a], [b]) => a - b);
          const found = record.devices.map(({ deviceId, keyIndex }): [number, number | undefined] => [
            deviceId,
            keyIndex,
          ]);
          expect(sorted(found)).toEqual(sorted([...devices]));
          expect(record.rawId).toBe(rawId);
          expect(new Set(patch.removed)).toEqual(new Set([...before].filter((id) => !devices.has(id))));
          expect(apply(record, one).record).toBe(record);
        }
      }),
      { numRuns: 500 },
    );
  });
});
