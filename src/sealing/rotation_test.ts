import { describe, expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import {
  type Backend,
  KEY_CHECK,
  listAllRows,
  type Sealing,
  transformWrites,
  type Write,
  type WriteKind,
} from "../backend/mod.ts";
import { isSealed } from "../bytes/mod.ts";
import { SealedError } from "../errors/mod.ts";
import { rowsOf } from "../testing/conformance/universe.ts";
import { drawWrite, PUTTING_KINDS } from "../testing/conformance/write_samples.ts";
import { FaultPlan, fakeHost, faultyCommitter, SeededRandom } from "../testing/mod.ts";
import { rotateKey } from "./rotate_key.ts";
import { readRotation, rotationStep } from "./rotation_status.ts";
import { type SealingOptions, sealing } from "./sealing.ts";

const ONE = new Uint8Array(32).fill(1);
const TWO = new Uint8Array(32).fill(2);
const LEASE = { reservedUntil: 7, incarnation: "a".repeat(32), burned: 0 };

/** Keys of the account before and after. */
const BEFORE = { keys: { one: ONE } };
const DURING = { keys: { one: ONE, two: TWO }, current: "two" };
const AFTER = { keys: { two: TWO } };
const TURN_ON = { keys: { two: TWO }, sealExisting: true };

/** Kinds that a test of whole accounts writes at random. */
const KINDS: readonly WriteKind[] = PUTTING_KINDS.filter(
  (kind) => !kind.startsWith("account.") && kind !== "device.save" && kind !== "syncVersion.patch",
);

function seal(options: SealingOptions): Sealing {
  return sealing(options);
}

/** A memory database with a full account. */
async function fullAccount(options: SealingOptions | undefined) {
  const database = new MemoryDatabase();
  const raw = (): Backend => memoryBackend({ database });
  const backend = (opened?: SealingOptions): Backend =>
    memoryBackend({ database, sealing: opened && seal(opened) });
  const account = await openAccount({ backend: backend(options), host: fakeHost({ seed: 1 }) });
  const random = new SeededRandom(7);
  const writes: Write[] = Array.from({ length: 120 }, (_, index) =>
    drawWrite(KINDS[index % KINDS.length] as WriteKind, { random, nowS: 1_000 }),
  );
  // More rows than one step takes.
  for (let index = 0; index < 250; index += 1) {
    const record = random.bytes(40);
    writes.push({ kind: "session.put", address: `${1_000 + index}@lid.0`, record, lease: LEASE });
  }
  await account.store.commit(writes);
  await account.close();
  const open = (opened: SealingOptions, seed = 2) =>
    openAccount({ backend: backend(opened), host: fakeHost({ seed }) });
  return { raw, backend, open };
}

/** Every row and the device, as a reader with keys sees them. */
async function contents(backend: Backend): Promise<unknown> {
  return { rows: await rowsOf(backend), device: await backend.load() };
}

/** Number of stored values, and of those that are sealed. */
async function storedValues(raw: Backend): Promise<readonly [all: number, sealed: number]> {
  let [all, sealed] = [0, 0];
  const count = (value: Uint8Array): Uint8Array => {
    all += 1;
    if (isSealed(value)) sealed += 1;
    return value;
  };
  const values = { overheadBytes: 0, store: count, load: count };
  for await (const row of listAllRows(raw, { onUnreadable: () => {} })) await transformWrites([row], values);
  return [all, sealed];
}

describe("rotateKey", () => {
  test("seals everything by the next key, and the former one is not needed any more", async () => {
    const { backend, open } = await fullAccount(BEFORE);
    const expected = await contents(backend(BEFORE));
    const account = await open(DURING);
    const status = await rotateKey(account);
    expect(status).toMatchObject({ isDone: true, damaged: 0 });
    expect(status.rows).toBeGreaterThan(250);
    expect(await rotateKey(account)).toEqual(status);
    await account.close();
    expect(await contents(backend(AFTER))).toEqual(expected);
    await expect(backend(BEFORE).load()).rejects.toThrow(SealedError);
  });

  test("seals an account that was not sealed", async () => {
    const { raw, backend, open } = await fullAccount(undefined);
    const expected = await contents(raw());
    expect((await storedValues(raw()))[1]).toBe(0);
    const account = await open(TURN_ON);
    expect(await contents(backend(TURN_ON))).toEqual(expected);
    await rotateKey(account);
    await account.close();
    expect(await contents(backend(AFTER))).toEqual(expected);
    const [all, sealed] = await storedValues(raw());
    expect(all).toBeGreaterThan(250);
    expect(sealed).toBe(all);
    // From now on a value that is not sealed is damage.
    await raw().putGroupMetadata("g@g.us", Uint8Array.of(1, 2, 3));
    await expect(backend(AFTER).getGroupMetadata("g@g.us")).rejects.toThrow();
  });

  test.each([
    ["a rotation", BEFORE, DURING],
    ["the first sealing", undefined, TURN_ON],
  ])("%s goes on after a kill at any step", async (_what, before, during) => {
    const { raw, backend, open } = await fullAccount(before);
    const expected = await contents(before === undefined ? raw() : backend(before));
    let isDone = false;
    let kills = 0;
    for (; !isDone; kills += 1) {
      // The process ends after some steps: nothing is closed.
      const account = await open(during, 100 + kills);
      for (let step = 0; step < 4 + kills; step += 1) await account.store.commit(rotationStep());
      expect(await contents(backend(during))).toEqual(expected);
      isDone = (await readRotation(account.store))?.isDone === true;
    }
    expect(kills).toBeGreaterThan(2);
    const last = await open(AFTER);
    expect((await rotateKey(last)).isDone).toBe(true);
    await last.close();
    expect(await contents(backend(AFTER))).toEqual(expected);
  });

  test("keeps what is written during it", async () => {
    const { backend, open } = await fullAccount(BEFORE);
    const account = await open(DURING);
    const [record, blob] = [Uint8Array.of(9), Uint8Array.of(8)];
    let steps = 0;
    let wrote: Promise<unknown> = Promise.resolve();
    await rotateKey(account, {
      onStep: () => {
        steps += 1;
        wrote = Promise.all([
          wrote,
          account.store.putSession(`${1_000 + steps * 7}@lid.0`, record, LEASE),
          account.store.putGroupMetadata(`${steps}@g.us`, blob),
        ]);
      },
    });
    await wrote;
    await account.close();
    const after = backend(AFTER);
    for (let step = 1; step <= steps; step += 1) {
      expect(await after.getSession(`${1_000 + step * 7}@lid.0`)).toEqual(record);
      expect(await after.getGroupMetadata(`${step}@g.us`)).toEqual(blob);
    }
  });

  test("a lost answer and its late twin change nothing", async () => {
    const { backend } = await fullAccount(BEFORE);
    const expected = await contents(backend(BEFORE));
    const plan = new FaultPlan();
    const account = await openAccount({
      backend: faultyCommitter(backend(DURING), plan),
      host: fakeHost({ seed: 3 }),
    });
    for (let step = 0; step < 100; step += 1) {
      if (step % 3 === 0) plan.next(step % 2 === 0 ? "lose-answer" : "lose-request");
      await account.store.commit(rotationStep());
      await plan.deliverLate();
    }
    expect((await rotateKey(account)).isDone).toBe(true);
    await account.close();
    expect(await contents(backend(AFTER))).toEqual(expected);
  });

  test("leaves what is damaged, and says so", async () => {
    const { raw, open, backend } = await fullAccount(BEFORE);
    const stored = (await raw().getGroupMetadata("x@g.us")) ?? new Uint8Array(60).fill(5);
    await raw().putGroupMetadata("x@g.us", stored);
    const account = await open(DURING);
    expect(await rotateKey(account)).toMatchObject({ isDone: true, damaged: 1 });
    await account.close();
    expect(await raw().getGroupMetadata("x@g.us")).toEqual(stored);
    await expect(backend(AFTER).getGroupMetadata("x@g.us")).rejects.toThrow();
  });

  test("seals a collection with more mutations than one step takes", async () => {
    const { raw, backend, open } = await fullAccount(undefined);
    const values = new Map(
      Array.from({ length: 5_100 }, (_, index) => [`i${index}`, Uint8Array.of(1, index & 255)]),
    );
    const state = {
      version: 3n,
      hash: new Uint8Array(128).fill(3),
      macMismatchFatal: false,
      indexValueMap: values,
    };
    await raw().setVersion("regular", state);
    const account = await open(TURN_ON);
    await rotateKey(account);
    await account.close();
    expect(await backend(AFTER).getVersion("regular")).toEqual(state);
    const stored = await raw().getVersion("regular");
    expect([stored.hash, ...stored.indexValueMap.values()].every(isSealed)).toBe(true);
  });

  test("a reader that was opened before goes on reading", async () => {
    const { backend, open } = await fullAccount(BEFORE);
    const reader = backend(DURING);
    const expected = await contents(reader);
    const account = await open(DURING);
    await rotateKey(account);
    await account.close();
    expect(await contents(reader)).toEqual(expected);
  });

  test("needs an account that is sealed and open", async () => {
    const { raw, backend } = await fullAccount(BEFORE);
    await expect(rotateKey({ store: memoryBackend() })).rejects.toThrow(SealedError);
    await expect(rotateKey({ store: backend(DURING) })).rejects.toThrow(TypeError);
    expect(await raw().getMessageSegment(KEY_CHECK.log, 1)).toBeUndefined();
  });
});
