import { describe, expect, test } from "vitest";
import { LimitError } from "../errors/mod.ts";
import { RequestMeter } from "./request_meter.ts";

/** How many requests are admitted at a time. */
function admitted(meter: RequestMeter, atMs: number, requestsPerMinute: number): number {
  for (let count = 0; ; count += 1) {
    try {
      meter.count(atMs, { requestsPerMinute });
    } catch (error) {
      expect(error).toBeInstanceOf(LimitError);
      expect(error).toMatchObject({ limit: { rule: "requestsPerMinute", allowed: requestsPerMinute } });
      return count;
    }
  }
}

describe("RequestMeter.count", () => {
  test("admits the requests of a minute at once, and then as many as the time allows", () => {
    const meter = new RequestMeter();
    expect(admitted(meter, 5_000, 6)).toBe(6);
    expect(admitted(meter, 14_999, 6)).toBe(0);
    expect(admitted(meter, 15_000, 6)).toBe(1);
    expect(admitted(meter, 45_000, 6)).toBe(3);
    expect(admitted(meter, 1_000_000, 6)).toBe(6);
  });

  test("loses nothing when the clock steps back", () => {
    const meter = new RequestMeter();
    expect(admitted(meter, 100_000, 2)).toBe(2);
    expect(admitted(meter, 1_000, 2)).toBe(0);
    expect(admitted(meter, 31_000, 2)).toBe(1);
  });

  test("follows a limit that changes", () => {
    const meter = new RequestMeter();
    expect(admitted(meter, 0, 100)).toBe(100);
    meter.count(0, {});
    expect(admitted(meter, 60_000, 3)).toBe(3);
  });
});
