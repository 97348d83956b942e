import { describe, expect, test } from "vitest";
import { type Device, readRestoreEpoch, withRestoreEpoch } from "../backend/mod.ts";
import { decodeUtf8, encodeUtf8 } from "../bytes/mod.ts";
import { createDevice } from "../device/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { MAX_RESTORE_EPOCH } from "../signal/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { inRestoreEpoch, restoreEpochOf } from "./restore_epoch.ts";

const NAME = "holdfast.restore-epoch";
const DEVICE = await createDevice(fakeHost({ seed: 9 }));
const SEEN = `2 ${"0f".repeat(16)}` as const;

function stored(text: string): Device {
  return { ...DEVICE, extra: new Map([[NAME, encodeUtf8(text)]]) };
}

function textOf({ extra }: Device): string | undefined {
  const bytes = extra.get(NAME);
  return bytes && decodeUtf8(bytes);
}

describe("restoreEpochOf", () => {
  test("adds the raises of the database to the greatest number that was passed", () => {
    expect(restoreEpochOf(DEVICE)).toBe(0);
    expect(restoreEpochOf(stored("7"))).toBe(7);
    expect(restoreEpochOf(stored(`7 3 ${SEEN}`))).toBe(10);
    expect(restoreEpochOf(stored(`0 1 ${SEEN} new`))).toBe(1);
  });

  test.each(["", "x", "-1", "1.5", "1 2", `1 2 ${SEEN} old`, "99999999999"])("rejects %j", (text) => {
    expect(() => restoreEpochOf(stored(text))).toThrow(CorruptError);
  });

  test("rejects bytes that are no text", () => {
    const device = { ...DEVICE, extra: new Map([[NAME, new Uint8Array([0xff])]]) };
    expect(() => restoreEpochOf(device)).toThrow(CorruptError);
  });

  test("rejects a sum that no incarnation can name", () => {
    expect(restoreEpochOf(stored(`${MAX_RESTORE_EPOCH - 2} 2 ${SEEN}`))).toBe(MAX_RESTORE_EPOCH);
    expect(() => restoreEpochOf(stored(`${MAX_RESTORE_EPOCH - 1} 2 ${SEEN}`))).toThrow(CorruptError);
  });
});

describe("inRestoreEpoch", () => {
  test("keeps the device when there is nothing to store", () => {
    for (const device of [DEVICE, stored("7"), stored(`7 3 ${SEEN}`)]) {
      expect(inRestoreEpoch(device, 0)).toBe(device);
    }
    const raised = stored(`7 3 ${SEEN}`);
    expect(inRestoreEpoch(raised, 7)).toBe(raised);
  });

  test("compares a number with those that were passed, not with raises", () => {
    expect(textOf(inRestoreEpoch(stored("7"), 8))).toBe("8");
    expect(textOf(inRestoreEpoch(stored(`7 3 ${SEEN}`), 8))).toBe(`8 3 ${SEEN}`);
    expect(restoreEpochOf(inRestoreEpoch(stored(`7 3 ${SEEN}`), 8))).toBe(11);
  });

  test("stores a raise that is new", () => {
    expect(textOf(inRestoreEpoch(stored(`7 3 ${SEEN} new`), 0))).toBe(`7 3 ${SEEN}`);
  });

  test("reads what it has written, and keeps everything else of the device", () => {
    const device = { ...DEVICE, extra: new Map([["other", new Uint8Array([1])]]) };
    const epoch = { own: 1, raised: 2, seen: SEEN, isNew: true };
    const written = withRestoreEpoch(device, epoch);
    expect(readRestoreEpoch(written)).toEqual(epoch);
    expect(written.extra.get("other")).toEqual(new Uint8Array([1]));
    expect(device.extra.has(NAME)).toBe(false);
  });
});
