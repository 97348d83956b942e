import {
  type Backend,
  LISTED_TABLES,
  listAllRows,
  type RowPage,
  type RowWrite,
  type VersionPatch,
} from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { check, equal, fails } from "./assert.ts";
import { collect } from "./collect.ts";
import { type ConformanceCase, type ConformanceHarness, DEFAULT_ACCOUNT } from "./harness.ts";
import { sampleBytes, secondsOf } from "./samples.ts";
import { readAll, rowsOf } from "./universe.ts";
import { drawWrite, PUTTING_KINDS } from "./write_samples.ts";

const NAME = "regular";

/** Bytes of values with which a page ends. */
const PAGE_BYTES = 2 * 1_024 * 1_024;

/** Fills an account with rows of every table. */
async function fill(backend: Backend, harness: ConformanceHarness, seed: number): Promise<void> {
  const from = { random: new SeededRandom(seed), nowS: secondsOf(harness.clock) };
  const kinds = [1, 2, 3].flatMap(() => PUTTING_KINDS);
  await backend.commit(kinds.map((kind) => drawWrite(kind, from)));
}

/** Everything but the numbers of generations that are not current, which are not listed. */
async function contentsOf(backend: Backend): Promise<unknown> {
  const { getGenerations: _numbers, ...contents } = await readAll(backend);
  return contents;
}

async function listPages(backend: Backend, table: RowWrite["kind"], limit: number): Promise<RowPage[]> {
  const name = table.slice(0, table.indexOf(".")) as Parameters<Backend["listRows"]>[0];
  const pages: RowPage[] = [];
  let after: string | undefined;
  do {
    const page = await backend.listRows(name, after, limit);
    pages.push(page);
    after = page.next;
  } while (after !== undefined);
  return pages;
}

/** Stored rows of a write: each value MAC of a collection is one. */
function countOf(row: RowWrite): number {
  return row.kind === "syncVersion.patch" ? row.patch.values.size : 1;
}

function patch(generation: number, names: string, seed: number, isLast: boolean): VersionPatch {
  const state = { version: BigInt(seed), hash: sampleBytes(seed, 128), macMismatchFatal: false };
  return {
    generation,
    values: new Map([...names].map((name) => [name, sampleBytes(seed + name.charCodeAt(0), 32)])),
    removed: [],
    state: isLast ? state : undefined,
  };
}

/** Whole tables, row by row. */
export const rowListingCases: readonly ConformanceCase[] = [
  {
    name: "rows: the rows of an account, written to an empty one, make an equal account",
    async run(harness) {
      for (const seed of [1, 2, 3]) {
        const backend = await harness.open(`source ${seed}`);
        await fill(backend, harness, seed);
        const rows = await collect(listAllRows(backend));
        const kinds = new Set(rows.map(({ kind }) => kind.slice(0, kind.indexOf("."))));
        equal([...kinds], [...LISTED_TABLES], "tables with rows");
        const copy = await harness.open(`copy ${seed}`);
        const device = await backend.load();
        await copy.commit([
          ...rows,
          ...(device === undefined ? [] : [{ kind: "device.save", device } as const]),
        ]);
        equal(await rowsOf(copy), await rowsOf(backend), "rows of the copy");
        equal(await contentsOf(copy), await contentsOf(backend), "contents of the copy");
      }
    },
  },
  {
    name: "rows: pages of every size have each row once",
    async run(harness) {
      const backend = await harness.open();
      equal(await collect(listAllRows(backend)), [], "rows of an account that is not registered");
      await fill(backend, harness, 4);
      await fill(backend, harness, 5);
      for (const table of LISTED_TABLES.filter((name) => name !== "syncVersion")) {
        const all = await collect(listAllRows(backend, { tables: [table] }));
        for (const limit of [1, 2, 3, 5]) {
          const pages = await listPages(backend, `${table}.put` as RowWrite["kind"], limit);
          equal(
            pages.flatMap(({ rows }) => rows),
            all,
            `${table}, ${limit} a page`,
          );
          check(
            pages.every(({ rows }) => rows.length <= limit),
            `${table}: a page has more than ${limit} rows`,
          );
        }
      }
    },
  },
  {
    name: "rows: a collection is listed in parts, the state last, and not once it is forgotten",
    async run(harness) {
      const backend = await harness.open();
      await backend.patchVersion(NAME, patch(1, "abcde", 1, true));
      await backend.patchVersion(NAME, patch(2, "xy", 2, false));
      await backend.patchVersion("critical_block", patch(1, "ab", 3, true));
      await backend.patchVersion("regular_low", patch(1, "a", 4, true));
      await backend.deleteVersion("regular_low");
      for (const limit of [1, 2, 5, 6]) {
        const pages = await listPages(backend, "syncVersion.patch", limit);
        const rows = pages.flatMap((page) => page.rows);
        check(
          rows.every((row) => countOf(row) <= limit),
          `a page has more than ${limit} mutations`,
        );
        const copy = await harness.open(`copy ${limit}`);
        for (const row of rows) await copy.commit([row]);
        for (const name of [NAME, "critical_block", "regular_low"]) {
          equal(await copy.getVersion(name), await backend.getVersion(name), `${name}, ${limit} a page`);
        }
        equal(await copy.getGenerations(NAME), { current: 1, started: 1 }, "generations");
      }
    },
  },
  {
    name: "rows: a collection that changes between two pages is listed whole again",
    async run(harness) {
      const backend = await harness.open();
      await backend.patchVersion(NAME, patch(1, "abcdef", 1, true));
      const first = await backend.listRows("syncVersion", undefined, 2);
      await backend.patchVersion(NAME, { ...patch(1, "bg", 9, true), removed: ["a", "f"] });
      const second = await backend.listRows("syncVersion", first.next, 2);
      await backend.patchVersion(NAME, patch(4, "bz", 5, true));
      const rows = [...first.rows, ...second.rows];
      for (let { next } = second; next !== undefined; ) {
        const page = await backend.listRows("syncVersion", next, 2);
        rows.push(...page.rows);
        next = page.next;
      }
      const copy = await harness.open("copy");
      await copy.commit(rows);
      equal(await copy.getVersion(NAME), await backend.getVersion(NAME), "the copy");
      await copy.deleteStaleIndexValues();
      equal(await copy.getVersion(NAME), await backend.getVersion(NAME), "without stale mutations");
    },
  },
  {
    name: "rows: the values of a page have a limit",
    async run(harness) {
      const backend = await harness.open();
      const bytes = 700_000;
      for (let index = 0; index < 7; index += 1) {
        await backend.storeSentMessage("chat", `id ${index}`, sampleBytes(index, bytes));
      }
      const pages = await listPages(backend, "sentMessage.put", 100);
      const sizes = pages.map(({ rows }) => rows.length * bytes);
      check(Math.max(...sizes) < PAGE_BYTES + bytes, `a page has ${Math.max(...sizes)} bytes`);
      equal(pages.flatMap(({ rows }) => rows).length, 7, "rows");
    },
  },
  {
    name: "rows: damaged ones are counted and left out",
    requires: ["damage"],
    async run(harness) {
      const backend = await harness.open();
      await fill(backend, harness, 6);
      const before = await rowsOf(backend);
      for (const value of ["identity", "syncKey", "syncVersion", "deviceList", "msgSecret"] as const) {
        const how = value === "identity" || value === "msgSecret" ? "wrong-length" : "undecodable";
        await harness.damage?.(DEFAULT_ACCOUNT, value, how);
        let unreadable = 0;
        const onUnreadable = (_table: string, rows: number) => {
          unreadable += rows;
        };
        equal(await collect(listAllRows(backend, { tables: [value], limit: 2, onUnreadable })), [], value);
        equal(unreadable, before[value]?.length, `damaged rows of ${value}`);
        await fails(() => collect(listAllRows(backend, { tables: [value] })), "corrupt", value);
      }
      const after = await rowsOf(backend);
      equal(after.session, before.session, "rows of another table");
    },
  },
  {
    name: "rows: what is no page is a mistake of the caller",
    async run(harness) {
      const backend = await harness.open();
      await fill(backend, harness, 7);
      for (const after of ["x", "[", "{}", "[{}]", "[[1]]", '["a","b","c","d","e","f"]', "[1,2,3,4]"]) {
        await fails(() => backend.listRows("session", after, 10), "TypeError", `after ${after}`);
        await fails(() => backend.listRows("syncVersion", after, 10), "TypeError", `after ${after}`);
      }
      await fails(() => backend.listRows("session", undefined, 0), "RangeError", "no rows");
      await fails(() => backend.listRows("session", undefined, 10_001), "RangeError", "too many rows");
      await fails(() => backend.listRows("device" as "session", undefined, 10), "TypeError", "a table");
      await fails(() => backend.listRows("session", 5 as never, 10), "TypeError", "a number");
    },
  },
];
