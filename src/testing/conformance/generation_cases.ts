import type { Backend, HashState, SyncVersion, VersionPatch } from "../../backend/mod.ts";
import { check, equal, fails } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

const NAME = "regular_low";

/** Mutations of the largest collection that is tried, those of one commit, and bytes of a value MAC. */
const MANY = 100_000;
const MANY_PER_COMMIT = 5_000;
const MAC_BYTES = 32;

function state(version: number, seed: number = version): SyncVersion {
  return { version: BigInt(version), hash: sampleBytes(seed, 128), macMismatchFatal: false };
}

/** Value MACs by index MAC; `seed` makes them others. */
function values(names: string, seed = 0): Map<string, Uint8Array> {
  return new Map([...names].map((name) => [name, sampleBytes(seed + name.charCodeAt(0), MAC_BYTES)]));
}

function patch(
  generation: number,
  parts: Partial<Pick<VersionPatch, "values" | "removed" | "state">>,
): VersionPatch {
  return { generation, values: new Map(), removed: [], state: undefined, ...parts };
}

function whole(version: SyncVersion, indexValueMap: ReadonlyMap<string, Uint8Array>): HashState {
  return { ...version, indexValueMap };
}

/** Rows of value MACs that are stored, stale ones included; not every backend counts them. */
async function storedValues(backend: Backend): Promise<number | undefined> {
  const { tables } = await backend.snapshotDb("count");
  return tables.find(({ table }) => table === "sync_value" || table === "syncValues")?.rows;
}

const patchCases: readonly ConformanceCase[] = [
  {
    name: "generation: a patch changes what it names and nothing else",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.getGenerations(NAME), { current: undefined, started: 0 }, "of nothing");
      await backend.patchVersion(NAME, patch(1, { values: values("abcd"), state: state(1) }));
      await backend.patchVersion("regular", patch(1, { values: values("a", 5), state: state(9) }));
      const change = patch(1, {
        removed: ["a", "b", "x"],
        values: new Map([...values("b", 40), ...values("e")]),
        state: { ...state(2), macMismatchFatal: true },
      });
      await backend.patchVersion(NAME, change);
      backend = await afterEachRestart(harness, backend, async (open) => {
        const left = new Map([...values("cde"), ...values("b", 40)]);
        equal(await open.getVersion(NAME), whole({ ...state(2), macMismatchFatal: true }, left), "changed");
        equal(await open.getVersion("regular"), whole(state(9), values("a", 5)), "another collection");
        equal(await open.getGenerations(NAME), { current: 1, started: 1 }, "generations");
      });
      // A commit whose answer was lost is sent again.
      await backend.patchVersion(NAME, change);
      equal((await backend.getVersion(NAME)).indexValueMap.size, 4, "value MACs, sent again");
    },
  },
  {
    name: "generation: a new one is not read before the patch that has its state",
    async run(harness) {
      let backend = await harness.open();
      await backend.patchVersion(NAME, patch(1, { values: values("abc"), state: state(1) }));
      await backend.patchVersion(NAME, patch(2, { values: values("xy", 7) }));
      await backend.patchVersion("regular", patch(1, { values: values("q") }));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getVersion(NAME), whole(state(1), values("abc")), "before");
        equal(await open.getGenerations(NAME), { current: 1, started: 2 }, "generations before");
        equal((await open.getVersion("regular")).version, 0n, "one that was never seen");
        equal(await open.getGenerations("regular"), { current: undefined, started: 1 }, "its generations");
      });
      await backend.patchVersion(NAME, patch(2, { values: values("z", 7), state: state(2) }));
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getVersion(NAME), whole(state(2), values("xyz", 7)), "after");
        equal(await open.getGenerations(NAME), { current: 2, started: 2 }, "generations after");
      });
    },
  },
  {
    name: "generation: a later snapshot has nothing of one that was cut short",
    requires: ["durableOnResolve"],
    async run(harness) {
      let backend = await harness.open();
      await backend.patchVersion(NAME, patch(1, { values: values("ab"), state: state(1) }));
      for (const part of ["cdef", "ghij", "klmn"]) {
        await backend.patchVersion(NAME, patch(2, { values: values(part, 3) }));
        backend = await harness.crash();
        equal(await backend.getVersion(NAME), whole(state(1), values("ab")), `after ${part}`);
      }
      const { started } = await backend.getGenerations(NAME);
      equal(started, 2, "the newest one");
      await backend.patchVersion(NAME, patch(started + 1, { values: values("c", 9) }));
      await backend.patchVersion(NAME, patch(started + 1, { values: values("p", 9), state: state(3) }));
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getVersion(NAME), whole(state(3), values("cp", 9)), "the smaller one");
      });
    },
  },
  {
    name: "generation: setting or forgetting the state ends all generations",
    async run(harness) {
      let backend = await harness.open();
      await backend.patchVersion(NAME, patch(3, { values: values("abc"), state: state(1) }));
      await backend.patchVersion(NAME, patch(4, { values: values("d") }));
      const set = whole(state(2), values("xy"));
      await backend.setVersion(NAME, set);
      equal(await backend.getVersion(NAME), set, "after it was set");
      equal(await backend.getGenerations(NAME), { current: 0, started: 4 }, "generations of what was set");
      await backend.patchVersion(NAME, patch(0, { removed: ["x"], values: values("z"), state: state(3) }));
      equal(await backend.getVersion(NAME), whole(state(3), values("yz")), "after a patch of that");
      await backend.deleteVersion(NAME);
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal((await open.getVersion(NAME)).version, 0n, "forgotten");
        equal(await open.getGenerations(NAME), { current: undefined, started: 4 }, "generations then");
      });
      await backend.patchVersion(NAME, patch(5, { values: values("n"), state: state(5) }));
      equal(await backend.getVersion(NAME), whole(state(5), values("n")), "seen again");
    },
  },
  {
    name: "generation: a number or hash that is out of range changes nothing",
    async run(harness) {
      const backend = await harness.open();
      await backend.patchVersion(NAME, patch(1, { values: values("a"), state: state(1) }));
      const bad: readonly VersionPatch[] = [
        patch(-1, { state: state(2) }),
        patch(1.5, { state: state(2) }),
        patch(1, { state: { ...state(2), version: 2n ** 64n } }),
        patch(1, { state: { ...state(2), hash: sampleBytes(1, 127) } }),
      ];
      for (const each of bad) await fails(() => backend.patchVersion(NAME, each), "RangeError", "patch");
      await fails(() => backend.patchVersion(NAME, patch(1, { removed: [""] })), "TypeError", "no index");
      equal(await backend.getVersion(NAME), whole(state(1), values("a")), "state");
    },
  },
];

const sweepCases: readonly ConformanceCase[] = [
  {
    name: "generation: a sweep takes those that are neither current nor newest",
    async run(harness) {
      const backend = await harness.open();
      const isCounted = (await storedValues(backend)) !== undefined;
      const stored = async (expected: number, what: string): Promise<void> => {
        if (isCounted) equal(await storedValues(backend), expected, what);
      };
      await backend.patchVersion(NAME, patch(1, { values: values("abcde"), state: state(1) }));
      equal(await backend.deleteStaleIndexValues(), 0, "swept of one that is current");
      await backend.patchVersion(NAME, patch(2, { values: values("fg") }));
      await backend.patchVersion("regular", patch(7, { values: values("h") }));
      equal(await backend.deleteStaleIndexValues(), 0, "swept while a snapshot is under way");
      await stored(8, "rows while a snapshot is under way");
      // The second was given up, the third is under way, the first is current.
      await backend.patchVersion(NAME, patch(3, { values: values("ij") }));
      await backend.deleteStaleIndexValues();
      await stored(8, "rows without those that were given up");
      equal(await backend.getVersion(NAME), whole(state(1), values("abcde")), "the current one");
      await backend.patchVersion(NAME, patch(3, { values: values("k"), state: state(2) }));
      const [first = 0] = await backend.commit([{ kind: "syncVersion.sweep", limit: 2 }]);
      check(first <= 2, "a limited sweep takes no more than its limit");
      await backend.deleteStaleIndexValues();
      await stored(4, "rows at last");
      equal(await backend.getVersion(NAME), whole(state(2), values("ijk")), "the new one");
      await backend.patchVersion("regular", patch(7, { state: state(1) }));
      equal(await backend.getVersion("regular"), whole(state(1), values("h")), "another collection");
    },
  },
];

/** The index and the value MAC of the nth of many mutations. */
function nth(n: number): [string, Uint8Array] {
  const value = new Uint8Array(MAC_BYTES).fill(n & 255);
  new DataView(value.buffer).setUint32(0, n);
  return [`${n}`.padStart(43, "A"), value];
}

/** The number of a mutation, by its value MAC. */
function numberOf(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset).getUint32(0);
}

const manyCases: readonly ConformanceCase[] = [
  {
    name: "generation: 100,000 mutations are stored, changed and read",
    async run(harness) {
      let backend = await harness.open();
      for (let start = 0; start < MANY; start += MANY_PER_COMMIT) {
        const part = new Map(Array.from({ length: MANY_PER_COMMIT }, (_, index) => nth(start + index)));
        const isLast = start + MANY_PER_COMMIT === MANY;
        await backend.patchVersion(NAME, patch(1, { values: part, state: isLast ? state(1) : undefined }));
      }
      const [removed] = nth(77_777);
      const [changed] = nth(50_000);
      const change = { removed: [removed], values: new Map([[changed, sampleBytes(1, MAC_BYTES)]]) };
      await backend.patchVersion(NAME, patch(1, { ...change, state: state(2) }));
      backend = await harness.reopen();
      const { indexValueMap, ...rest } = await backend.getVersion(NAME);
      equal(rest, state(2), "state");
      equal(indexValueMap.size, MANY - 1, "mutations");
      equal(indexValueMap.get(removed), undefined, "the removed one");
      equal(indexValueMap.get(changed), sampleBytes(1, MAC_BYTES), "the changed one");
      for (let n = 0; n < MANY; n += 1) {
        const [index] = nth(n);
        const value = indexValueMap.get(index);
        const isKept = index !== removed && index !== changed;
        check(isKept === (value !== undefined && numberOf(value) === n), `mutation ${n} is not what it was`);
      }
    },
  },
];

/** The value MACs of a collection's state: changed one by one, and replaced behind a generation. */
export const generationCases: readonly ConformanceCase[] = [...patchCases, ...sweepCases, ...manyCases];
