import { describe, expect, test } from "vitest";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { HeldError, type HeldState } from "../errors/mod.ts";
import { RecordingLogger, SeededRandom } from "../testing/mod.ts";
import { CommitQueue, holdOf, ownerOfHold } from "./mod.ts";

const ID = "0123456789abcdef0123456789abcdef";
const STATES: readonly HeldState[] = ["importing", "arriving", "moving", "moved"];

describe("holdOf", () => {
  test.each(STATES)("reads the owner of %s", (state) => {
    expect(holdOf(ownerOfHold({ state, id: ID }))).toEqual({ state, id: ID });
  });

  test.each([
    undefined,
    "",
    ID,
    `${ID}00000001+`,
    `moved:${ID}0`,
    `moved:${ID.toUpperCase()}`,
    `gone:${ID}`,
    `moved:${ID}\n`,
  ])("takes %j for no hold", (owner) => {
    expect(holdOf(owner)).toBeUndefined();
  });
});

describe("CommitQueue.take", () => {
  test.each(STATES)("rejects with HeldError for an account that is %s", async (state) => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const next = { owner: ownerOfHold({ state, id: ID }), epoch: 5 };
    await backend.commit([], { guard: { owner: undefined, minEpoch: 0, maxEpoch: 0, next } });
    for (const soleOwner of [undefined, "object"]) {
      const opening = CommitQueue.take(backend, {
        random: new SeededRandom(1),
        logger: new RecordingLogger(),
        soleOwner,
      });
      const error = await opening.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(HeldError);
      expect(error).toMatchObject({ code: "held", state });
      expect(String(error)).not.toContain(ID);
    }
    expect(await backend.readOwner()).toEqual(next);
  });

  test("fences an open account when it is held", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const options = { random: new SeededRandom(1), logger: new RecordingLogger() };
    const queue = await CommitQueue.take(backend, options);
    const { owner, epoch } = (await backend.readOwner()) ?? { owner: "", epoch: 0 };
    const next = { owner: ownerOfHold({ state: "moving", id: ID }), epoch: epoch + 1 };
    await backend.commit([], { guard: { owner, minEpoch: epoch, maxEpoch: epoch, next } });
    await expect(queue.commit([{ kind: "preKey.remove", id: 1 }])).rejects.toMatchObject({ code: "fenced" });
    await expect(CommitQueue.take(backend, options)).rejects.toMatchObject({ code: "held", state: "moving" });
  });
});

describe("CommitQueue.follow", () => {
  test("tells of applied commits in their order, and of those in doubt", async () => {
    const backend = memoryBackend({ database: new MemoryDatabase() });
    const queue = await CommitQueue.take(backend, {
      random: new SeededRandom(1),
      logger: new RecordingLogger(),
    });
    const told: unknown[] = [];
    const stop = queue.follow((writes) => told.push(writes));
    const [first, second] = [1, 2].map((id) => [{ kind: "preKey.remove", id } as const]);
    await Promise.all([queue.commit(first ?? []), queue.commit(second ?? [])]);
    await queue.commit([{ kind: "preKey.remove", id: 0 }]).catch(() => "refused, so it is not told");
    expect(told).toEqual([first, second]);
    stop();
    await queue.commit(first ?? []);
    expect(told).toHaveLength(2);
  });
});
