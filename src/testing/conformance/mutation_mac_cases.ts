import type { MutationMac, Write } from "../../backend/mod.ts";
import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

function index(seed: number): Uint8Array {
  return sampleBytes(seed, 32);
}

function value(seed: number): Uint8Array {
  return sampleBytes(10_000 + seed, 32);
}

function mac(seed: number, valueSeed: number = seed): MutationMac {
  return { indexMac: index(seed), valueMac: value(valueSeed) };
}

/** MACs of app-state mutations. */
export const mutationMacCases: readonly ConformanceCase[] = [
  {
    name: "mutation MACs: are put, replaced and read, also in batches",
    async run(harness) {
      const backend = await harness.open();
      await backend.putMutationMacs("regular", 1n, [mac(1), mac(2), mac(3)]);
      await backend.putMutationMacs("regular", 2n, [mac(2, 22)]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getMutationMac("regular", index(1)), value(1), "kept");
        equal(await open.getMutationMac("regular", index(2)), value(22), "replaced");
        equal(await open.getMutationMac("regular", index(4)), undefined, "absent");
        const asked = [4, 3, 1, 3].map(index);
        equal(
          await open.getMutationMacs("regular", asked),
          [undefined, value(3), value(1), value(3)],
          "many",
        );
        equal(await open.getMutationMacs("regular", []), [], "none");
      });
    },
  },
  {
    name: "mutation MACs: put, delete and clear affect one collection",
    async run(harness) {
      const backend = await harness.open();
      for (const name of ["regular", "regular_high", "regular_low"]) {
        await backend.putMutationMacs(name, 1n, [mac(1), mac(2)]);
      }
      await backend.putMutationMacs("regular_low", 2n, [mac(1, 11)]);
      await backend.deleteMutationMacs("regular_high", [index(1), index(9)]);
      await backend.clearMutationMacs("regular");
      await backend.clearMutationMacs("never_seen");
      await afterEachRestart(harness, backend, async (open) => {
        const read = (name: string) => open.getMutationMacs(name, [index(1), index(2)]);
        equal(await read("regular"), [undefined, undefined], "cleared");
        equal(await read("regular_high"), [undefined, value(2)], "deleted one");
        equal(await read("regular_low"), [value(11), value(2)], "replaced one");
      });
    },
  },
  {
    name: "mutation MACs: accept keys of any bytes and any 64-bit version",
    async run(harness) {
      const backend = await harness.open();
      const keys = [[0], [0, 0], [255], [255, 254], [48, 48], [39], [37], [92]].map(
        (bytes) => new Uint8Array(bytes),
      );
      const macs = keys.map((indexMac, seed) => ({ indexMac, valueMac: sampleBytes(seed, 1 + seed) }));
      await backend.putMutationMacs("regular", 2n ** 64n - 1n, macs);
      const values = macs.map((entry) => entry.valueMac);
      equal(await backend.getMutationMacs("regular", keys), values, "before");
      await backend.deleteMutationMacs("regular", [new Uint8Array([0])]);
      equal(
        await backend.getMutationMacs("regular", keys),
        [undefined, ...values.slice(1)],
        "after a delete",
      );
    },
  },
  {
    name: "mutation MACs: a patch that removes and adds an index keeps it",
    async run(harness) {
      const backend = await harness.open();
      await backend.putMutationMacs("regular", 1n, [mac(1), mac(2), mac(3)]);
      const state = {
        version: 2n,
        hash: sampleBytes(1, 128),
        indexValueMap: new Map<string, Uint8Array>(),
        macMismatchFatal: false,
      };
      const patch: Write[] = [
        { kind: "syncVersion.put", name: "regular", state },
        { kind: "mutationMacs.delete", name: "regular", indexMacs: [index(1), index(2)] },
        { kind: "mutationMacs.put", name: "regular", version: 2n, macs: [mac(2, 22), mac(4)] },
      ];
      await backend.commit(patch);
      // A commit whose answer was lost is sent again, so applying it twice must change nothing.
      await backend.commit(patch);
      await afterEachRestart(harness, backend, async (open) => {
        const values = await open.getMutationMacs("regular", [1, 2, 3, 4].map(index));
        equal(values, [undefined, value(22), value(3), value(4)], "MACs");
        equal(await open.getVersion("regular"), state, "version");
      });
    },
  },
  {
    name: "mutation MACs: the last of several entries with one index wins",
    async run(harness) {
      const backend = await harness.open();
      await backend.putMutationMacs("regular", 1n, [mac(1, 1), mac(2), mac(1, 2), mac(1, 3)]);
      await backend.putMutationMacs("regular", 1n, []);
      await backend.deleteMutationMacs("regular", []);
      equal(await backend.getMutationMacs("regular", [index(1), index(2)]), [value(3), value(2)], "MACs");
    },
  },
];
