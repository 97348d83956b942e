import { describe, expect, test } from "vitest";
import { memoryBackend } from "../adapters/memory/mod.ts";
import { ClosedError, RefusedError } from "../errors/mod.ts";
import { drawWrite, WRITE_KINDS } from "../testing/conformance/write_samples.ts";
import { FakeClock, FaultPlan, faultyCommitter, SeededRandom } from "../testing/mod.ts";
import { composeBackend, type Write } from "./mod.ts";

function setUp() {
  const clock = new FakeClock(1_000_000);
  const plans = {
    signal: new FaultPlan(),
    appSync: new FaultPlan(),
    protocol: new FaultPlan(),
    device: new FaultPlan(),
  };
  const store = (name: keyof typeof plans) =>
    faultyCommitter(memoryBackend({ clock }), plans[name], { clock });
  const stores = {
    signal: store("signal"),
    appSync: store("appSync"),
    protocol: store("protocol"),
    device: store("device"),
  };
  let closed = 0;
  const close = async () => {
    closed += 1;
  };
  return { plans, stores, closed: () => closed, backend: composeBackend({ ...stores, close }, { clock }) };
}

function storeOf(kind: string): number {
  if (/^(identity|session|preKey|signedPreKey|senderKey|quarantine)\./.test(kind)) return 0;
  if (/^(sync|mutationMacs)/.test(kind)) return 1;
  return /^(device|account)\./.test(kind) ? 3 : 2;
}

describe("composeBackend", () => {
  test("declares that its commit is neither atomic nor fenced nor durable", async () => {
    const { backend } = setUp();
    expect(backend.capabilities).toMatchObject({
      atomicCommit: false,
      fencing: false,
      durableOnResolve: false,
    });
    expect(await backend.readOwner()).toBeUndefined();
    const guard = { owner: undefined, minEpoch: 0, maxEpoch: 0 };
    await expect(backend.commit([], { guard })).rejects.toThrow(TypeError);
  });

  test("makes one call of one store for every kind of write", async () => {
    const { backend, plans } = setUp();
    const calls = () => Object.values(plans).map((plan) => plan.commits);
    for (const kind of WRITE_KINDS) {
      const before = calls();
      // An absent message is only read and not deleted, so store one first.
      if (kind === "sentMessage.delete") await backend.storeSentMessage("c", "i", new Uint8Array(1));
      const write: Write =
        kind === "sentMessage.delete"
          ? { kind, chat: "c", id: "i" }
          : drawWrite(kind, { random: new SeededRandom(2), nowS: 1_000 });
      const base = kind === "sentMessage.delete" ? calls() : before;
      expect(await backend.commit([write]), kind).toHaveLength(1);
      const made = calls().map((count, index) => count - (base[index] ?? 0));
      expect(
        made.reduce((sum, count) => sum + count, 0),
        kind,
      ).toBe(1);
      const store = made.indexOf(1);
      expect(store, kind).toBe(storeOf(kind));
    }
  });

  test("leaves the first writes of a failed commit", async () => {
    const { backend, plans } = setUp();
    plans.protocol.next(new RefusedError("commit: no"));
    const writes: Write[] = [
      { kind: "session.put", address: "1000@lid.0", record: new Uint8Array([1]) },
      { kind: "groupMetadata.put", group: "g@g.us", blob: new Uint8Array([2]) },
      { kind: "identity.put", address: "1000@lid.0", key: new Uint8Array(32) },
    ];
    await expect(backend.commit(writes)).rejects.toThrow(RefusedError);
    expect(await backend.hasSession("1000@lid.0")).toBe(true);
    expect(await backend.loadIdentity("1000@lid.0")).toBeUndefined();
    expect(await backend.commit(writes)).toEqual([1, 1, 1]);
    expect(await backend.loadIdentity("1000@lid.0")).toEqual(new Uint8Array(32));
  });

  test("closes its stores once and rejects later calls", async () => {
    const { backend, closed } = setUp();
    await backend.close();
    await backend.close();
    expect(closed()).toBe(1);
    await expect(backend.commit([])).rejects.toThrow(ClosedError);
  });
});
