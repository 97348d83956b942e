import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

function bytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(values);
}

function syncKey(seed: number, timestamp: number) {
  return { keyData: sampleBytes(seed, 32), fingerprint: sampleBytes(seed + 1_000, 12), timestamp };
}

const NEVER_SEEN = {
  version: 0n,
  hash: new Uint8Array(128),
  indexValueMap: new Map<string, Uint8Array>(),
  macMismatchFatal: false,
};

/** App-state sync keys and collection versions. */
export const appSyncCases: readonly ConformanceCase[] = [
  {
    name: "sync key: comes back whole, also with an empty fingerprint",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getSyncKey(bytes(0, 1)), undefined, "before");
      const plain = { keyData: sampleBytes(1, 32), fingerprint: bytes(), timestamp: Number.MAX_SAFE_INTEGER };
      await backend.setSyncKey(bytes(0, 1), plain);
      await backend.setSyncKey(bytes(0), syncKey(2, 0));
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSyncKey(bytes(0, 1)), plain, "key 0001");
        equal(await open.getSyncKey(bytes(0)), syncKey(2, 0), "key 00");
        equal(await open.getSyncKey(bytes(0, 1, 0)), undefined, "a longer id");
      });
    },
  },
  {
    name: "sync key: a deleted one is absent, and takes an older one again",
    async run(harness) {
      let backend = await harness.open();
      await backend.setSyncKey(bytes(7), syncKey(1, 100));
      await backend.setSyncKey(bytes(7, 0), syncKey(2, 100));
      await backend.deleteSyncKey(bytes(7));
      await backend.deleteSyncKey(bytes(9));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSyncKey(bytes(7)), undefined, "the deleted one");
        equal(await open.getSyncKey(bytes(7, 0)), syncKey(2, 100), "the other one");
      });
      await backend.setSyncKey(bytes(7), syncKey(3, 1));
      equal(await backend.getSyncKey(bytes(7)), syncKey(3, 1), "an older one afterwards");
    },
  },
  {
    name: "collection: a forgotten one reads as never seen, and its MACs stay",
    async run(harness) {
      const backend = await harness.open();
      const state = { ...NEVER_SEEN, version: 7n };
      await backend.setVersion("regular", state);
      await backend.setVersion("regular_low", state);
      await backend.putMutationMacs("regular", 7n, [{ indexMac: bytes(1), valueMac: bytes(2) }]);
      await backend.deleteVersion("regular");
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getVersion("regular"), NEVER_SEEN, "the forgotten one");
        equal(await open.getVersion("regular_low"), state, "the other one");
        equal(await open.getMutationMac("regular", bytes(1)), bytes(2), "its MAC");
      });
    },
  },
  {
    name: "sync key: an older timestamp never replaces a newer one",
    async run(harness) {
      const backend = await harness.open();
      const id = bytes(7);
      await backend.setSyncKey(id, syncKey(1, 100));
      await backend.setSyncKey(id, syncKey(2, 99));
      equal(await backend.getSyncKey(id), syncKey(1, 100), "after an older one");
      await backend.setSyncKey(id, syncKey(3, 101));
      equal(await backend.getSyncKey(id), syncKey(3, 101), "after a newer one");
      await backend.setSyncKey(id, syncKey(4, 101));
      equal(await backend.getSyncKey(id), syncKey(4, 101), "after one of the same time");
      await backend.commit([
        { kind: "syncKey.put", keyId: id, key: syncKey(5, 300) },
        { kind: "syncKey.put", keyId: id, key: syncKey(6, 200) },
      ]);
      equal(await backend.getSyncKey(id), syncKey(5, 300), "after both in one commit");
    },
  },
  {
    name: "sync key: the latest id is the bytewise greatest",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getLatestSyncKeyId(), undefined, "of nothing");
      await backend.setSyncKey(bytes(0x7f, 0xff, 0xff), syncKey(1, 900));
      equal(await backend.getLatestSyncKeyId(), bytes(0x7f, 0xff, 0xff), "of one");
      await backend.setSyncKey(bytes(0x80), syncKey(2, 5));
      await backend.setSyncKey(bytes(0x05, 0xff), syncKey(3, 999));
      equal(await backend.getLatestSyncKeyId(), bytes(0x80), "by first byte");
      await backend.setSyncKey(bytes(0x80, 0), syncKey(4, 1));
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getLatestSyncKeyId(), bytes(0x80, 0), "a prefix comes before what it begins");
      });
    },
  },
  {
    name: "version: an unknown collection has version 0 and a zero hash",
    async run(harness) {
      const backend = await harness.open();
      const first = await backend.getVersion("regular");
      equal(first, NEVER_SEEN, "regular");
      first.hash.fill(1);
      equal(await backend.getVersion("regular"), NEVER_SEEN, "regular, after the first answer was changed");
    },
  },
  {
    name: "version: comes back whole, for each collection, in all 64 bits",
    async run(harness) {
      const backend = await harness.open();
      const versions = [1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 0n];
      const states = versions.map((version, index) => ({
        version,
        hash: sampleBytes(index, 128),
        indexValueMap: new Map([
          ["c2FtcGxl", sampleBytes(index + 50, 32)],
          ["__proto__", sampleBytes(index + 90, 1)],
          ["YQ==", bytes()],
        ]),
        macMismatchFatal: index % 2 === 0,
      }));
      const name = (index: number) => (index === 0 ? "critical_unblock_low" : `new_collection_${index}`);
      for (const [index, state] of states.entries()) await backend.setVersion(name(index), state);
      await afterEachRestart(harness, backend, async (open) => {
        for (const [index, state] of states.entries()) {
          equal(await open.getVersion(name(index)), state, `version ${state.version}`);
        }
        equal(await open.getVersion("new_collection"), NEVER_SEEN, "a name that begins the others");
      });
    },
  },
  {
    name: "version: setting one replaces it, also with a lower version",
    async run(harness) {
      const backend = await harness.open();
      const full = { version: 9n, hash: sampleBytes(1, 128), macMismatchFatal: true };
      await backend.setVersion("regular", { ...full, indexValueMap: new Map([["a", sampleBytes(2, 32)]]) });
      const reset = {
        version: 3n,
        hash: sampleBytes(3, 128),
        indexValueMap: new Map(),
        macMismatchFatal: false,
      };
      await backend.setVersion("regular", reset);
      equal(await backend.getVersion("regular"), reset, "regular");
    },
  },
];
