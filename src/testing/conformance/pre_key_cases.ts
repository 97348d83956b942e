import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

const LAST_ID = 2 ** 24 - 1;

/** One-time and signed pre-keys. */
export const preKeyCases: readonly ConformanceCase[] = [
  {
    name: "pre-key: is stored, loaded, replaced and removed by id",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.loadPreKey(1), undefined, "before");
      await backend.storePreKey(1, sampleBytes(1, 70), false);
      await backend.storePreKey(LAST_ID, sampleBytes(2, 70), true);
      await backend.storePreKey(1, sampleBytes(3, 60), true);
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.loadPreKey(1), sampleBytes(3, 60), "replaced");
        equal(await open.loadPreKey(LAST_ID), sampleBytes(2, 70), "last id");
        equal(await open.loadPreKey(2), undefined, "an id in between");
      });
      await backend.removePreKey(1);
      await backend.removePreKey(1);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.loadPreKey(1), undefined, "removed");
        equal(await open.loadPreKey(LAST_ID), sampleBytes(2, 70), "the other one");
      });
    },
  },
  {
    name: "pre-key: loadPreKeys returns each existing key once, ascending",
    async run(harness) {
      const backend = await harness.open();
      const keys = [300, 2, 10, 1].map((id) => ({ id, record: sampleBytes(id, 20) }));
      await backend.storePreKeys(keys, false);
      await backend.storePreKeys([{ id: 2, record: sampleBytes(20, 20) }], true);
      const rows = [
        { id: 2, record: sampleBytes(20, 20), uploaded: true },
        { id: 10, record: sampleBytes(10, 20), uploaded: false },
        { id: 300, record: sampleBytes(300, 20), uploaded: false },
      ];
      equal(await backend.loadPreKeys([300, 10, 7, 2, 300, 2]), rows, "pre-keys");
      equal(await backend.loadPreKeys([]), [], "no ids");
      equal(await backend.loadPreKeys([4, 5]), [], "absent ids");
    },
  },
  {
    name: "pre-key: the last of several entries with one id in a list wins",
    async run(harness) {
      const backend = await harness.open();
      const keys = [1, 2, 3].map((seed) => ({ id: 5, record: sampleBytes(seed, 20) }));
      await backend.storePreKeys(keys, false);
      equal(
        await backend.loadPreKeys([5]),
        [{ id: 5, record: sampleBytes(3, 20), uploaded: false }],
        "pre-keys",
      );
    },
  },
  {
    name: "pre-key: getMaxPreKeyId returns the greatest stored id or 0",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getMaxPreKeyId(), 0, "of nothing");
      await backend.storePreKey(9, sampleBytes(1, 20), false);
      await backend.storePreKey(10, sampleBytes(1, 20), false);
      await backend.storeSignedPreKey(500, sampleBytes(1, 20));
      equal(await backend.getMaxPreKeyId(), 10, "by number, of one-time keys only");
      await backend.storePreKey(LAST_ID, sampleBytes(1, 20), false);
      equal(await (await harness.reopen()).getMaxPreKeyId(), LAST_ID, "the last id there is");
      const open = await harness.open();
      await open.removePreKey(LAST_ID);
      await open.removePreKey(10);
      equal(await open.getMaxPreKeyId(), 9, "after removing");
    },
  },
  {
    name: "pre-key: markPreKeysUploaded marks existing keys and creates none",
    async run(harness) {
      const backend = await harness.open();
      const keys = [1, 2, 3].map((id) => ({ id, record: sampleBytes(id, 20) }));
      await backend.storePreKeys(keys, false);
      await backend.removePreKey(2);
      await backend.markPreKeysUploaded([2, 3, 3, 4]);
      await backend.markPreKeysUploaded([]);
      const rows = [
        { id: 1, record: sampleBytes(1, 20), uploaded: false },
        { id: 3, record: sampleBytes(3, 20), uploaded: true },
      ];
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.loadPreKeys([1, 2, 3, 4]), rows, "pre-keys");
        equal(await open.loadPreKey(2), undefined, "the removed one");
      });
    },
  },
  {
    name: "signed pre-key: is stored, replaced, listed ascending and removed",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.loadAllSignedPreKeys(), [], "before");
      await backend.storePreKey(2, sampleBytes(9, 20), false);
      equal(await backend.loadSignedPreKey(2), undefined, "a one-time key is no signed one");
      for (const id of [LAST_ID, 2, 10]) await backend.storeSignedPreKey(id, sampleBytes(id, 150));
      await backend.storeSignedPreKey(2, sampleBytes(22, 140));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.loadSignedPreKey(2), sampleBytes(22, 140), "replaced");
        const all = [
          { id: 2, record: sampleBytes(22, 140) },
          { id: 10, record: sampleBytes(10, 150) },
          { id: LAST_ID, record: sampleBytes(LAST_ID, 150) },
        ];
        equal(await open.loadAllSignedPreKeys(), all, "all");
      });
      await backend.removeSignedPreKey(10);
      await backend.removeSignedPreKey(10);
      equal(await backend.loadSignedPreKey(10), undefined, "removed");
      equal((await backend.loadAllSignedPreKeys()).length, 2, "how many are left");
      equal(await backend.loadPreKey(2), sampleBytes(9, 20), "the one-time key of the same id");
    },
  },
];
