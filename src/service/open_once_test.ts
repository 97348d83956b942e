import { describe, expect, test } from "vitest";
import { OpenOnce } from "./open_once.ts";

describe("OpenOnce.get", () => {
  test("opens once for concurrent callers, and opens again after a failure", async () => {
    let attempts = 0;
    const once = new OpenOnce(async () => {
      attempts += 1;
      await Promise.resolve();
      if (attempts === 1) throw new Error("no");
      return attempts;
    });
    const failed = await Promise.allSettled([once.get(), once.get()]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await Promise.all([once.get(), once.get()])).toEqual([2, 2]);
  });

  test("keeps the opening that began after take()", async () => {
    const openings: ((error?: Error) => void)[] = [];
    const once = new OpenOnce(
      () =>
        new Promise<number>((resolve, reject) => {
          openings.push((error) => (error === undefined ? resolve(openings.length) : reject(error)));
        }),
    );
    const first = once.get();
    const taken = once.take();
    const second = once.get();
    openings[0]?.(new Error("no"));
    await expect(first).rejects.toThrow("no");
    expect(await taken).toBeUndefined();
    openings[1]?.();
    expect(await second).toBe(2);
    expect(await once.get()).toBe(2);
    expect(openings).toHaveLength(2);
  });
});
