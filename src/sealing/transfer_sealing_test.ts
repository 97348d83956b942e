import { expect, test } from "vitest";
import { openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend } from "../backend/mod.ts";
import { SealedError } from "../errors/mod.ts";
import { collect } from "../testing/conformance/collect.ts";
import { fakeHost } from "../testing/mod.ts";
import {
  exportAccount,
  importAccount,
  moveAccount,
  retireAccount,
  TransferFileError,
  undoRetirement,
} from "../transfer/mod.ts";
import { sealing } from "./sealing.ts";

const BLOB = Uint8Array.of(5, 6);

function sealed(database: MemoryDatabase, byte = 1): Backend {
  return memoryBackend({ database, sealing: sealing({ keys: { one: new Uint8Array(32).fill(byte) } }) });
}

/** A database with a sealed account. */
async function sealedAccount(seed = 1): Promise<MemoryDatabase> {
  const database = new MemoryDatabase();
  const account = await openAccount({ backend: sealed(database), host: fakeHost({ seed }) });
  await account.store.putGroupMetadata("g@g.us", BLOB);
  await account.store.putIdentity("1@lid.0", new Uint8Array(32).fill(3));
  await account.close();
  return database;
}

async function identityOf(backend: Backend): Promise<Uint8Array | undefined> {
  const account = await openAccount({ backend, host: fakeHost() });
  const identity = await account.store.loadIdentity("1@lid.0");
  await account.close();
  return identity;
}

test("without its keys an account is neither exported, moved nor retired, and its owner goes on", async () => {
  const database = await sealedAccount();
  const owner = await openAccount({ backend: sealed(database), host: fakeHost() });
  const plain = (): Backend => memoryBackend({ database });
  await expect(collect(exportAccount(plain()))).rejects.toThrow(SealedError);
  await expect(moveAccount(plain(), memoryBackend())).rejects.toThrow(SealedError);
  await expect(retireAccount(plain())).rejects.toThrow(SealedError);
  await owner.store.putGroupMetadata("g@g.us", BLOB);
  await owner.close();
});

test("an account is exported with its keys and imported under others", async () => {
  const [from, to] = [await sealedAccount(), new MemoryDatabase()];
  await importAccount(sealed(to, 2), exportAccount(sealed(from)), { mode: "new" });
  expect(await identityOf(sealed(to, 2))).toEqual(new Uint8Array(32).fill(3));
  await expect(identityOf(sealed(to, 1))).rejects.toThrow(SealedError);
});

test("an account is moved out of encryption and into it", async () => {
  const [from, to] = [await sealedAccount(), new MemoryDatabase()];
  await moveAccount(sealed(from), memoryBackend({ database: to }));
  expect(await identityOf(memoryBackend({ database: to }))).toEqual(new Uint8Array(32).fill(3));
  const back = new MemoryDatabase();
  await moveAccount(memoryBackend({ database: to }), sealed(back));
  expect(await identityOf(sealed(back))).toEqual(new Uint8Array(32).fill(3));
});

test("a retired account comes back with its keys", async () => {
  const database = await sealedAccount();
  await retireAccount(sealed(database));
  await undoRetirement(sealed(database));
  expect(await identityOf(sealed(database))).toEqual(new Uint8Array(32).fill(3));
});

test("a sealed account is replaced by a sealed one, and one that is not by one that is not", async () => {
  const source = await sealedAccount(2);
  const database = await sealedAccount();
  const options = { mode: "replace" } as const;
  const before = await sealed(database).load();
  await importAccount(sealed(database), exportAccount(sealed(source)), options);
  expect((await sealed(database).load())?.identityKey).not.toEqual(before?.identityKey);
  expect(await identityOf(sealed(database))).toEqual(new Uint8Array(32).fill(3));
  await expect(identityOf(memoryBackend({ database }))).rejects.toThrow(SealedError);
  async function* torn(): AsyncGenerator<Uint8Array> {
    for await (const chunk of exportAccount(sealed(source))) yield chunk.subarray(0, chunk.length - 1);
  }
  const replaced = await sealed(database).load();
  await expect(importAccount(sealed(database), torn(), options)).rejects.toThrow(TransferFileError);
  expect((await sealed(database).load())?.identityKey).toEqual(replaced?.identityKey);
  expect(await identityOf(sealed(database))).toEqual(new Uint8Array(32).fill(3));
});
