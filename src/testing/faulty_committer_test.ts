import { describe, expect, test } from "vitest";
import { memoryBackend } from "../adapters/memory/mod.ts";
import { BusyError, FencedError, StoreError } from "../errors/mod.ts";
import { FaultPlan, faultyCommitter, SeededRandom } from "./mod.ts";

const ADDRESS = "1000@lid.0";

function setUp() {
  const plan = new FaultPlan();
  const inner = memoryBackend();
  return { plan, inner, backend: faultyCommitter(inner, plan) };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "none",
    (error) => (error instanceof StoreError ? error.code : "other"),
  );
}

describe("faultyCommitter", () => {
  test("fails one commit with the planned error and applies nothing", async () => {
    const { plan, backend } = setUp();
    plan.next(new BusyError("commit: busy"));
    expect(await codeOf(backend.putSession(ADDRESS, new Uint8Array([1])))).toBe("busy");
    expect(await backend.hasSession(ADDRESS)).toBe(false);
    await backend.putSession(ADDRESS, new Uint8Array([1]));
    expect(plan.commits).toBe(2);
  });

  test("applies a commit with a lost answer, not one with a lost request", async () => {
    const { plan, backend } = setUp();
    plan.next("lose-request", "lose-answer");
    expect(await codeOf(backend.putSession(ADDRESS, new Uint8Array([1])))).toBe("ambiguous");
    expect(await backend.hasSession(ADDRESS)).toBe(false);
    expect(await codeOf(backend.putSession(ADDRESS, new Uint8Array([2])))).toBe("ambiguous");
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([2]));
    expect(plan.late).toHaveLength(2);
    expect(await plan.deliverLate()).toEqual([{ changed: [1] }, { changed: [1] }]);
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([2]));
    expect(plan.late).toHaveLength(0);
  });

  test("keeps the sent bytes of a late twin and reports its error", async () => {
    const { plan, inner, backend } = setUp();
    const record = new Uint8Array([1]);
    const guard = { owner: undefined, minEpoch: 0, maxEpoch: 0 };
    plan.next("duplicate");
    await backend.commit([{ kind: "session.put", address: ADDRESS, record }], { guard });
    record.fill(9);
    await inner.deleteSession(ADDRESS);
    expect(await plan.deliverLate()).toEqual([{ changed: [1] }]);
    expect(await backend.getSession(ADDRESS)).toEqual(new Uint8Array([1]));
    plan.next("lose-request");
    expect(await codeOf(backend.commit([], { guard }))).toBe("ambiguous");
    await inner.commit([], { guard: { ...guard, next: { owner: "other", epoch: 1 } } });
    expect(await plan.deliverLate()).toEqual([{ error: expect.any(FencedError) }]);
  });

  test("applies a held commit on release", async () => {
    const { plan, backend } = setUp();
    plan.next("hold");
    const held = backend.putSession(ADDRESS, new Uint8Array([1]));
    await Promise.resolve();
    expect(plan.held).toBe(1);
    expect(await backend.hasSession(ADDRESS)).toBe(false);
    plan.release();
    await held;
    expect(await backend.hasSession(ADDRESS)).toBe(true);
  });

  test("refuses commits by predicate until it is removed", async () => {
    const { plan, backend } = setUp();
    plan.refuse((write) => write.kind === "session.delete");
    const commit = () =>
      backend.commit([
        { kind: "session.put", address: ADDRESS, record: new Uint8Array([1]) },
        { kind: "session.delete", address: ADDRESS },
      ]);
    await expect(commit()).rejects.toMatchObject({ code: "refused", writeIndex: 1 });
    expect(await backend.hasSession(ADDRESS)).toBe(false);
    plan.refuse(undefined);
    expect(await commit()).toEqual([1, 1]);
  });

  test("uses the fault of `always` when no other is planned", async () => {
    const { plan, backend } = setUp();
    plan.always(new BusyError("commit: busy"));
    plan.next("pass");
    await backend.storePreKey(1, new SeededRandom(1).bytes(8), false);
    expect(await codeOf(backend.removePreKey(1))).toBe("busy");
    plan.next(new BusyError("commit: busy"));
    plan.refuse(() => true);
    plan.clear();
    await backend.removePreKey(1);
    await backend.close();
    expect(await codeOf(backend.loadPreKey(1))).toBe("closed");
  });
});
