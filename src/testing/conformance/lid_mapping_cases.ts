import { LEARNING_SOURCES, type LearningSource, type LidPnMapping } from "../../backend/mod.ts";
import { equal } from "./assert.ts";
import { collect } from "./collect.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";

function mapping(
  lid: string,
  phoneNumber: string,
  createdAt: number,
  rest: Partial<LidPnMapping> = {},
): LidPnMapping {
  return { lid, phoneNumber, createdAt, updatedAt: createdAt + 1, learningSource: "usync", ...rest };
}

/** LID↔PN mappings. */
export const lidMappingCases: readonly ConformanceCase[] = [
  {
    name: "LID mapping: keeps every field and source, read from both sides",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getLidMapping("1000"), undefined, "before, by LID");
      equal(await backend.getPnMapping("5511"), undefined, "before, by phone");
      const mappings = LEARNING_SOURCES.map((learningSource, index) =>
        mapping(`${index}`, `55${index}`, 1_700_000_000 + index, { updatedAt: index, learningSource }),
      );
      await backend.putLidMappings(mappings.slice(1));
      await backend.putLidMapping(mappings[0] as LidPnMapping);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getLidMappings(mappings.map((entry) => entry.lid)), mappings, "by LID");
        equal(await open.getPnMappings(mappings.map((entry) => entry.phoneNumber)), mappings, "by phone");
      });
    },
  },
  {
    name: "LID mapping: an unknown learning source reads as other",
    async run(harness) {
      const backend = await harness.open();
      const learningSource = "carrier_pigeon" as LearningSource;
      await backend.putLidMapping(mapping("1000", "5511", 5, { learningSource }));
      equal(
        await backend.getLidMapping("1000"),
        mapping("1000", "5511", 5, { learningSource: "other" }),
        "read",
      );
    },
  },
  {
    name: "LID mapping: batches return results in order, with repeats",
    async run(harness) {
      const backend = await harness.open();
      const [a, b] = [mapping("1", "551", 1), mapping("2", "552", 2)];
      await backend.putLidMappings([a, b]);
      equal(await backend.getLidMappings(["2", "9", "1", "2"]), [b, undefined, a, b], "by LID");
      equal(await backend.getPnMappings(["552", "9", "551", "552"]), [b, undefined, a, b], "by phone");
      equal(await backend.getLidMappings([]), [], "no LIDs");
      equal(await backend.getPnMappings([]), [], "no phones");
      await backend.putLidMappings([]);
    },
  },
  {
    name: "LID mapping: the newest createdAt of a phone wins",
    async run(harness) {
      const backend = await harness.open();
      await backend.putLidMapping(mapping("1", "55", 10));
      await backend.putLidMapping(mapping("2", "55", 30, { updatedAt: 0 }));
      await backend.putLidMapping(mapping("3", "55", 20, { updatedAt: 99 }));
      await afterEachRestart(harness, backend, async (open) => {
        equal((await open.getPnMapping("55"))?.lid, "2", "newest");
        const lids = (await open.getLidMappings(["1", "2", "3"])).map((entry) => entry?.phoneNumber);
        equal(lids, ["55", "55", "55"], "old LIDs still resolve");
      });
    },
  },
  {
    name: "LID mapping: of equal createdAt the last written wins",
    async run(harness) {
      const backend = await harness.open();
      await backend.putLidMapping(mapping("b", "55", 10));
      await backend.putLidMapping(mapping("a", "55", 10));
      equal((await backend.getPnMapping("55"))?.lid, "a", "two commits");
      await backend.putLidMappings([mapping("d", "55", 10), mapping("c", "55", 10)]);
      equal((await backend.getPnMapping("55"))?.lid, "c", "one list");
      await backend.putLidMapping(mapping("b", "55", 10));
      await afterEachRestart(harness, backend, async (open) => {
        equal((await open.getPnMapping("55"))?.lid, "b", "written again");
        equal((await open.getPnMappings(["55"]))[0]?.lid, "b", "written again, in a batch");
      });
    },
  },
  {
    name: "LID mapping: a phone falls back to its next LID when one moves",
    async run(harness) {
      const backend = await harness.open();
      await backend.putLidMappings([mapping("1", "55", 10), mapping("2", "55", 20)]);
      await backend.putLidMapping(mapping("2", "66", 5));
      equal((await backend.getLidMapping("2"))?.phoneNumber, "66", "moved");
      equal((await backend.getPnMapping("55"))?.lid, "1", "old phone");
      await backend.putLidMapping(mapping("1", "66", 4));
      equal(await backend.getPnMapping("55"), undefined, "old phone, without any LID");
      equal((await backend.getPnMapping("66"))?.lid, "2", "new phone");
      await backend.putLidMappings([mapping("3", "77", 9), mapping("3", "88", 1)]);
      equal(
        (await backend.getLidMapping("3"))?.phoneNumber,
        "88",
        "of one LID twice in a list the last counts",
      );
    },
  },
  {
    name: "LID mapping: is deleted by LID",
    async run(harness) {
      const backend = await harness.open();
      await backend.putLidMappings([mapping("1", "55", 10), mapping("10", "55", 20), mapping("2", "66", 1)]);
      await backend.deleteLidMappings(["10", "10", "3"]);
      await backend.deleteLidMappings([]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getLidMapping("10"), undefined, "deleted");
        equal((await open.getPnMapping("55"))?.lid, "1", "next one of its phone");
        equal((await open.getLidMapping("2"))?.phoneNumber, "66", "another");
      });
    },
  },
  {
    name: "LID mapping: getAllLidMappings yields each once, newest first",
    async run(harness) {
      const backend = await harness.open();
      equal(await collect(backend.getAllLidMappings()), [], "of nothing");
      const mappings = Array.from({ length: 2_500 }, (_, n) => mapping(`lid${n}`, `55${n % 900}`, n % 7));
      await backend.putLidMappings(mappings);
      const expected = mappings
        .map((entry, written) => ({ entry, written }))
        .sort((a, b) => b.entry.createdAt - a.entry.createdAt || b.written - a.written)
        .map(({ entry }) => entry);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await collect(open.getAllLidMappings()), expected, "all");
      });
    },
  },
  {
    name: "LID mapping: iteration yields unchanged rows once during writes",
    async run(harness) {
      const backend = await harness.open();
      const staying = Array.from({ length: 2_500 }, (_, n) => mapping(`stay${n}`, `55${n}`, 10 + (n % 3)));
      await backend.putLidMappings([...staying, mapping("gone", "1", 10)]);
      const seen = new Map<string, number>();
      let steps = 0;
      for await (const { lid } of backend.getAllLidMappings()) {
        seen.set(lid, (seen.get(lid) ?? 0) + 1);
        if (steps === 3) await backend.putLidMapping(mapping("newest", "2", 99));
        if (steps === 4) await backend.putLidMapping(mapping("oldest", "3", 1));
        if (steps === 5) await backend.deleteLidMappings(["gone"]);
        steps += 1;
      }
      equal(
        staying.filter(({ lid }) => seen.get(lid) !== 1).map(({ lid }) => lid),
        [],
        "rows seen never or more than once",
      );
    },
  },
];
