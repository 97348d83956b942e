import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { type AccountHold, type Backend, composeBackend, ownerOfHold, type Write } from "../backend/mod.ts";
import { type CommitFault, FaultPlan, faultyCommitter, SeededRandom } from "../testing/mod.ts";
import { HeldAccount } from "./held_account.ts";

const HOLD: AccountHold = { state: "importing", id: "0123456789abcdef0123456789abcdef" };

function put(value: number): Write {
  return { kind: "session.put", address: "1000@lid.0", record: new Uint8Array([value]) };
}

function world(): { readonly backend: Backend; readonly faulty: Backend; readonly plan: FaultPlan } {
  const backend = memoryBackend({ database: new MemoryDatabase() });
  const plan = new FaultPlan();
  return { backend, faulty: faultyCommitter(backend, plan), plan };
}

describe("HeldAccount", () => {
  // Each commit may be lost before or after it was applied; twins arrive late, in any order.
  test("applies each commit once and in order, whatever answers are lost", async () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const random = new SeededRandom(seed);
      const { backend, faulty, plan } = world();
      const faults: readonly CommitFault[] = ["pass", "lose-answer", "lose-request", "duplicate"];
      const lose = (): void => {
        for (let n = 0; n < 3; n += 1) plan.next(faults[random.below(faults.length)] ?? "pass");
        plan.next("pass");
      };
      lose();
      const held = await HeldAccount.enter(faulty, HOLD, undefined);
      for (let value = 1; value <= 6; value += 1) {
        lose();
        await held.commit([put(value)]);
        if (random.oneIn(2)) await plan.deliverLate();
        expect(await backend.getSession("1000@lid.0"), String(seed)).toEqual(new Uint8Array([value]));
      }
      lose();
      await held.pass("an opening+");
      await plan.deliverLate();
      expect(await backend.getSession("1000@lid.0"), String(seed)).toEqual(new Uint8Array([6]));
      expect(await backend.readOwner()).toMatchObject({ owner: "an opening+" });
    }
  });

  test("rejects with FencedError after another owner, and writes nothing", async () => {
    const { backend } = world();
    const held = await HeldAccount.enter(backend, HOLD, undefined);
    const stored = await backend.readOwner();
    const other = await HeldAccount.enter(backend, { ...HOLD, state: "arriving" }, stored);
    await expect(held.commit([put(1)])).rejects.toMatchObject({ code: "fenced" });
    await expect(held.erase(await backend.create())).rejects.toMatchObject({ code: "fenced" });
    await other.commit([put(2)]);
    expect(await backend.getSession("1000@lid.0")).toEqual(new Uint8Array([2]));
  });

  test("erases the account with its hold, also when the answer is lost", async () => {
    for (const fault of ["pass", "lose-answer", "lose-request"] as const) {
      const { backend, faulty, plan } = world();
      const held = await HeldAccount.enter(faulty, HOLD, undefined);
      await held.commit([put(1)]);
      plan.next(fault);
      await held.erase(await backend.create());
      await plan.deliverLate();
      expect(await backend.readOwner()).toBeUndefined();
      expect(await backend.getSession("1000@lid.0")).toBeUndefined();
    }
  });

  test("does not take an account that has had an owner since", async () => {
    const { backend } = world();
    await HeldAccount.enter(backend, HOLD, undefined);
    await expect(HeldAccount.enter(backend, HOLD, undefined)).rejects.toMatchObject({ code: "fenced" });
    expect(await backend.readOwner()).toEqual({ owner: ownerOfHold(HOLD), epoch: 1 });
  });

  test("refuses a backend that cannot fence", async () => {
    const { backend } = world();
    const composed = composeBackend({
      signal: backend,
      appSync: backend,
      protocol: backend,
      device: backend,
    });
    await expect(HeldAccount.enter(composed, HOLD, undefined)).rejects.toMatchObject({
      code: "incompatible",
    });
  });
});
