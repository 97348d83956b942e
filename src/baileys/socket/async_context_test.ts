import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test, vi } from "vitest";
import { AsyncContext } from "./async_context.ts";

test("contexts are apart, also where one runs in the other", async () => {
  const [one, other] = [new AsyncContext<number>(), new AsyncContext<string>()];
  await one.run(1, async () => {
    await Promise.resolve();
    expect([one.current, other.current]).toEqual([1, undefined]);
    await other.run("a", async () => {
      await Promise.resolve();
      expect([one.current, other.current]).toEqual([1, "a"]);
      await one.run(2, async () => expect([one.current, other.current]).toEqual([2, "a"]));
      expect(one.current).toBe(1);
    });
    expect(other.current).toBeUndefined();
  });
  expect(one.current).toBeUndefined();
});

test("a thousand contexts use one storage of the host", () => {
  const run = vi.spyOn(AsyncLocalStorage.prototype, "run");
  for (let number = 0; number < 1_000; number += 1) new AsyncContext<number>().run(number, () => {});
  expect(new Set(run.mock.contexts).size).toBe(1);
  run.mockRestore();
});
