import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LidWorld, UNDATED, WEAK } from "../../../test/support/account/lid_world.ts";
import type { LearningSource, LidPnMapping } from "../../backend/mod.ts";
import { LEARNING_SOURCES } from "../../backend/mod.ts";
import type { LearntMapping } from "./mod.ts";

/** The expected mappings as plain lists: every LID with its phone, in the order of writing. */
class Model {
  written: { readonly lid: string; readonly phoneNumber: string; readonly createdAt: number }[] = [];

  getPn(lid: string): string | undefined {
    return this.written.find((mapping) => mapping.lid === lid)?.phoneNumber;
  }

  getLid(phoneNumber: string): string | undefined {
    return this.#newest(phoneNumber)?.lid;
  }

  learn(mappings: readonly LearntMapping[], source: LearningSource): void {
    const isLast = (mapping: LearntMapping, end: "lid" | "phoneNumber", all: readonly LearntMapping[]) =>
      !all.slice(all.indexOf(mapping) + 1).some((later) => later[end] === mapping[end]);
    const perPhone = mappings.filter((mapping) => isLast(mapping, "phoneNumber", mappings));
    const perLid = perPhone.filter((mapping) => isLast(mapping, "lid", perPhone));
    const news = perLid
      .map(({ lid, phoneNumber, createdAt = 0 }) => ({
        ...{ lid, phoneNumber, createdAt: UNDATED.includes(source) ? 0 : createdAt },
      }))
      .filter((mapping) => this.#isNews(mapping, source));
    const lids = new Set(news.map(({ lid }) => lid));
    this.written = [...this.written.filter(({ lid }) => !lids.has(lid)), ...news];
  }

  #newest(phoneNumber: string) {
    const own = this.written.filter((mapping) => mapping.phoneNumber === phoneNumber);
    const newestAt = Math.max(...own.map(({ createdAt }) => createdAt));
    return own.findLast(({ createdAt }) => createdAt === newestAt);
  }

  #isNews(mapping: { lid: string; phoneNumber: string; createdAt: number }, source: LearningSource): boolean {
    const { lid, phoneNumber, createdAt } = mapping;
    const isSeen = this.getPn(lid) !== undefined;
    if (WEAK.includes(source)) return !isSeen;
    const newest = this.#newest(phoneNumber);
    if (newest?.lid === lid) return false;
    // An earlier LID of this phone is written only if it becomes the newest again.
    return this.getPn(lid) !== phoneNumber || newest === undefined || createdAt >= newest.createdAt;
  }
}

const PHONES = ["51", "52", "53"];

/** The LID of a phone, in a list that has the newest first. */
function newestOf(stored: readonly LidPnMapping[], phone: string): string | undefined {
  return stored.find(({ phoneNumber }) => phoneNumber === phone)?.lid;
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

describe("LidPnCache", () => {
  test("agrees with the store and a plain model in random sequences", async () => {
    const step = fc.record({
      kind: fc.constantFrom("learn", "learn", "learn", "together", "ask", "reopen", "warm", "fail"),
      mappings: fc.array(
        fc.record({
          lid: fc.constantFrom("1", "2", "3", "4"),
          phoneNumber: fc.constantFrom(...PHONES),
          createdAt: fc.integer({ min: 0, max: 6 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      source: fc.constantFrom(...LEARNING_SOURCES),
      capacity: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const world = new LidWorld();
        const model = new Model();
        for (const { kind, mappings, source, capacity } of steps) {
          if (kind === "learn") {
            await world.cache.learn(mappings, { source });
            model.learn(mappings, source);
          }
          if (kind === "together") {
            await Promise.all(mappings.map((one) => world.cache.learn([one], { source })));
            // `learn` promises no order within a batch.
            const stored: LidPnMapping[] = [];
            for await (const one of world.backend.getAllLidMappings()) stored.push(one);
            const before = model.written;
            const isSame = permutations(mappings).some((order) => {
              model.written = before;
              for (const one of order) model.learn([one], source);
              return (
                model.written.length === stored.length &&
                stored.every(({ lid, phoneNumber }) => model.getPn(lid) === phoneNumber) &&
                PHONES.every((phone) => model.getLid(phone) === newestOf(stored, phone))
              );
            });
            expect(isSame).toBe(true);
          }
          if (kind === "fail") {
            // The commit fails if there is anything to write. Either way nothing is learnt.
            world.faults.failCommitAt(0);
            const { written } = await world.cache.learn(mappings, { source }).catch(() => ({ written: 0 }));
            world.faults.takeFailure();
            expect(written).toBe(0);
          }
          if (kind === "ask") await world.cache.getLids(mappings.map(({ phoneNumber }) => phoneNumber));
          if (kind === "reopen") world.cache = world.open(capacity);
          if (kind === "warm") await world.cache.warmUp();
          for (const pn of PHONES) {
            expect(await world.cache.getLid(pn)).toBe(model.getLid(pn));
            expect((await world.backend.getPnMapping(pn))?.lid).toBe(model.getLid(pn));
          }
          for (const lid of ["1", "2", "3", "4"]) {
            expect(await world.cache.getPn(lid)).toBe(model.getPn(lid));
            expect((await world.backend.getLidMapping(lid))?.phoneNumber).toBe(model.getPn(lid));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
