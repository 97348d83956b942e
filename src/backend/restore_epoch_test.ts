import { describe, expect, test } from "vitest";
import { createDevice } from "../device/mod.ts";
import { fakeHost } from "../testing/mod.ts";
import { type RestoreEpoch, readRestoreEpoch, withRestoreEpoch } from "./restore_epoch.ts";

const DEVICE = await createDevice(fakeHost({ seed: 9 }));
const SEEN = `3 ${"0f".repeat(16)}` as const;

const EPOCHS: RestoreEpoch[] = [
  { own: 0, raised: 0, seen: "", isNew: false },
  { own: 7, raised: 0, seen: "", isNew: false },
  { own: 0, raised: 0, seen: SEEN, isNew: false },
  { own: 0, raised: 0, seen: SEEN, isNew: true },
  { own: 7, raised: 2, seen: SEEN, isNew: false },
  { own: 7, raised: 2, seen: SEEN, isNew: true },
];

describe("withRestoreEpoch", () => {
  test.each(EPOCHS)("writes what is read again: %j", (epoch) => {
    expect(readRestoreEpoch(withRestoreEpoch(DEVICE, epoch))).toEqual(epoch);
  });

  test("takes no raises, new or old, without their database", () => {
    const raised: readonly RestoreEpoch[] = [
      // @ts-expect-error The stored text would be malformed.
      { own: 0, raised: 0, seen: "", isNew: true },
      // @ts-expect-error They would be lost.
      { own: 0, raised: 1, seen: "", isNew: false },
    ];
    expect(raised).toHaveLength(2);
  });
});
