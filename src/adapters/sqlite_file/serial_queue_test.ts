import { describe, expect, test } from "vitest";
import { LimitError } from "../../errors/mod.ts";
import { SerialQueue } from "./serial_queue.ts";

describe("SerialQueue.run", () => {
  test("runs operations one at a time in order, also after a failure", async () => {
    const queue = new SerialQueue();
    const log: string[] = [];
    const operation = (name: string, fails = false) =>
      queue.run(async () => {
        log.push(`${name} begins`);
        await Promise.resolve();
        log.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const results = await Promise.allSettled([operation("a"), operation("b", true), operation("c")]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  test("rejects when full and accepts operations again later", async () => {
    const queue = new SerialQueue();
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const accepted = Array.from({ length: 16_384 }, () => queue.run(() => gate));
    await expect(queue.run(async () => 1)).rejects.toThrow(LimitError);
    open();
    await Promise.all(accepted);
    expect(await queue.run(async () => 1)).toBe(1);
  });
});
