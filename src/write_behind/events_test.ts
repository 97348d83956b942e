import { describe, expect, test } from "vitest";
import { silentLogger } from "../ports/mod.ts";
import { EventHub, type WriteBehindEvent } from "./events.ts";

const FIRST: WriteBehindEvent = { kind: "restored", restoreEpoch: 3 };
const LATER: WriteBehindEvent = { kind: "resumed", failures: 1 };

describe("EventHub.add", () => {
  test("passes the first event to each listener, once and before all others", () => {
    const hub = new EventHub(silentLogger, FIRST);
    const heard: [string, WriteBehindEvent][] = [];
    const listen = (name: string) => (event: WriteBehindEvent) => void heard.push([name, event]);
    const a = listen("a");
    hub.add(a);
    hub.add(a);
    hub.emit(LATER);
    const remove = hub.add(listen("b"));
    remove();
    hub.emit(LATER);
    expect(heard).toEqual([
      ["a", FIRST],
      ["a", LATER],
      ["b", FIRST],
      ["a", LATER],
    ]);
  });

  test("logs a listener that throws, and adds it", () => {
    const errors: string[] = [];
    const hub = new EventHub({ log: (_, message) => void errors.push(message) }, FIRST);
    let calls = 0;
    hub.add(() => {
      calls += 1;
      throw new Error("broken");
    });
    hub.emit(LATER);
    expect(calls).toBe(2);
    expect(errors).toEqual(["write-behind: a listener threw", "write-behind: a listener threw"]);
  });
});
