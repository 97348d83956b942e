import { SeededRandom } from "../seeded_random.ts";
import { check, equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { fullDevice, sampleBytes, secondsOf } from "./samples.ts";
import { readAll } from "./universe.ts";
import { drawWrite, PUTTING_KINDS } from "./write_samples.ts";

/** Overwrites all bytes in plain data, at any depth, and counts the arrays. */
function scribble(value: unknown): number {
  if (value instanceof Uint8Array) {
    value.fill(0xee);
    return value.length > 0 ? 1 : 0;
  }
  const parts = value instanceof Map ? [...value.values()] : isObject(value) ? Object.values(value) : [];
  let found = 0;
  for (const part of parts) found += scribble(part);
  return found;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Bytes are copied on their way in and on their way out. */
export const copyCases: readonly ConformanceCase[] = [
  {
    name: "bytes: the caller owns its bytes again after a commit",
    async run(harness) {
      const backend = await harness.open();
      const draw = (seed: number) => {
        const source = { random: new SeededRandom(seed), nowS: secondsOf(harness.clock) };
        return [...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, source));
      };
      const writes = draw(5);
      await backend.commit(writes);
      const before = await readAll(backend);
      // Samples share their fixed keys with the cases, so the case overwrites a copy that was committed after
      // them.
      const copies = structuredClone(draw(5));
      await backend.commit(copies);
      check(scribble(copies) > 10, "there are no bytes to change");
      equal(await readAll(backend), before, "contents after the caller's bytes were changed");
    },
  },
  {
    name: "bytes: a setter copies what it is called with",
    async run(harness) {
      const backend = await harness.open();
      const record = sampleBytes(2, 60);
      const key = { keyData: sampleBytes(3, 32), fingerprint: sampleBytes(4, 3), timestamp: 1 };
      const keyId = sampleBytes(5, 6);
      const preKey = { id: 7, record: sampleBytes(6, 40) };
      const given = structuredClone({ record, key, keyId, preKey, device: fullDevice(2) });
      const writing = [
        backend.putSession("1000@lid.0", given.record),
        backend.setSyncKey(given.keyId, given.key),
        backend.storePreKeys([given.preKey], false),
        backend.save(given.device),
      ];
      // Before any of them has been committed.
      check(scribble(given) > 10, "there are no bytes to change");
      await Promise.all(writing);
      equal(await backend.getSession("1000@lid.0"), record, "session");
      equal(await backend.getSyncKey(keyId), key, "sync key");
      equal(await backend.loadPreKey(7), preKey.record, "pre-key");
      equal(await backend.load(), fullDevice(2), "device");
    },
  },
  {
    name: "bytes: the caller owns the bytes that it reads",
    async run(harness) {
      const backend = await harness.open();
      const source = { random: new SeededRandom(6), nowS: secondsOf(harness.clock) };
      await backend.commit([...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, source)));
      await backend.save(fullDevice(1));
      const before = structuredClone(await readAll(backend));
      check(scribble(await readAll(backend)) > 10, "there are no bytes to change");
      equal(await readAll(backend), before, "contents after what was read was changed");
      const extra = sampleBytes(1, 10);
      const snapshot = await backend.snapshotDb("copy", extra);
      extra.fill(0);
      equal(snapshot.extra, sampleBytes(1, 10), "extra bytes of a snapshot");
    },
  },
  {
    name: "bytes: stores the part that a view shows, not its buffer",
    async run(harness) {
      const backend = await harness.open();
      const buffer = sampleBytes(1, 400);
      await backend.putSession("1000@lid.0", buffer.subarray(100, 160));
      await backend.putIdentity("1000@lid.0", buffer.subarray(1, 33));
      await backend.setSyncKey(buffer.subarray(5, 7), {
        keyData: buffer.subarray(40, 72),
        fingerprint: buffer.subarray(80, 81),
        timestamp: 1,
      });
      equal(await backend.getSession("1000@lid.0"), buffer.slice(100, 160), "session");
      equal(await backend.loadIdentity("1000@lid.0"), buffer.slice(1, 33), "identity");
      equal(await backend.getLatestSyncKeyId(), buffer.slice(5, 7), "sync key id");
      const key = { keyData: buffer.slice(40, 72), fingerprint: buffer.slice(80, 81), timestamp: 1 };
      equal(await backend.getSyncKey(buffer.slice(5, 7)), key, "sync key");
    },
  },
];
