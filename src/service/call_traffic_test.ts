import { describe, expect, test } from "vitest";
import { LimitError } from "../errors/mod.ts";
import { CallTraffic } from "./call_traffic.ts";

const MIB = 1_024 * 1_024;

describe("CallTraffic.enter", () => {
  test("bounds the bytes of one account and of all", () => {
    const traffic = new CallTraffic();
    const tickets = [traffic.enter("a", 16 * MIB), traffic.enter("a", 16 * MIB)];
    expect(() => traffic.enter("a", 0)).toThrow(LimitError);
    tickets.push(traffic.enter("b", 16 * MIB));
    expect(() => traffic.enter("d", 0)).toThrow("all accounts");
    for (const ticket of tickets) {
      ticket.leave();
      ticket.leave();
    }
    traffic.enter("a", 32 * MIB);
    traffic.enter("d", 16 * MIB);
  });

  test("bounds the number of small requests", () => {
    const traffic = new CallTraffic();
    for (let index = 0; index < 512; index += 1) traffic.enter("a", 1);
    expect(() => traffic.enter("a", 1)).toThrow(LimitError);
    traffic.enter("b", 1);
  });

  test("bounds the decoded items of one account and of all", () => {
    const traffic = new CallTraffic();
    const [a, again] = [traffic.enter("a", 1), traffic.enter("a", 1)];
    a.addItems(40_000);
    again.addItems(60_000);
    expect(() => again.addItems(1)).toThrow("the account");
    traffic.enter("b", 1).addItems(100_000);
    const c = traffic.enter("c", 1);
    expect(() => c.addItems(1)).toThrow("all accounts");
    again.leave();
    c.addItems(60_000);
  });
});
