import { expect, test } from "vitest";
import { BackendError, BusyError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { FakeClock, ManualScheduler } from "../../testing/mod.ts";
import { BusyRetry } from "./retry_busy.ts";

/** Runs an operation that fails `failures` times with `error`, moving time on whenever it waits. */
async function attempt(
  failures: number,
  error: Error,
): Promise<{ answer: unknown; log: string[]; waitedMs: number }> {
  const clock = new FakeClock();
  const scheduler = new ManualScheduler(clock);
  const startMs = clock.nowMs();
  const log: string[] = [];
  let left = failures;
  const running = new BusyRetry({ logger: silentLogger, clock, scheduler })
    .run(
      async () => {
        log.push("try");
        if (left > 0) {
          left -= 1;
          throw error;
        }
        return "done";
      },
      async () => {
        log.push("recover");
      },
    )
    .catch((thrown: unknown) => thrown);
  let settled = false;
  void running.then(() => {
    settled = true;
  });
  while (!settled) {
    await scheduler.advance(1);
    await Promise.resolve();
  }
  return { answer: await running, log, waitedMs: clock.nowMs() - startMs };
}

test("what works at once is tried once", async () => {
  expect(await attempt(0, new BusyError("busy"))).toMatchObject({ answer: "done", log: ["try"] });
});

test("the connection recovers before each wait, and waits grow", async () => {
  const { answer, log, waitedMs } = await attempt(3, new BusyError("busy"));
  expect(answer).toBe("done");
  expect(log).toEqual(["try", "recover", "try", "recover", "try", "recover", "try"]);
  expect(waitedMs).toBeGreaterThanOrEqual(5 + 10 + 20);
});

test("a database that stays busy is given up after seconds, not at once and not never", async () => {
  const busy = new BusyError("busy");
  const { answer, log, waitedMs } = await attempt(Number.POSITIVE_INFINITY, busy);
  expect(answer).toBe(busy);
  expect(log.at(-1)).toBe("recover");
  expect(waitedMs).toBeGreaterThan(2_000);
  expect(waitedMs).toBeLessThan(6_000);
});

test("any other failure is not tried again", async () => {
  const broken = new BackendError("broken");
  expect(await attempt(2, broken)).toMatchObject({ answer: broken, log: ["try"] });
});
