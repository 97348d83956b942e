/** A service whose database file is an older copy: its clients, elsewhere, must not use keys again. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import type { WriteBehindEvent } from "../../src/write_behind/mod.ts";
import { answeringFetch } from "../kit/remote.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-restored-service-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = join(folder, "service.db");

/** Opens an account through a service, changes something, and closes both. */
async function useRemotely(): Promise<{ epoch: number | undefined; events: WriteBehindEvent[] }> {
  const stored = await libsqlBackend({ url: `file:${path}`, account: "bot", logger: silentLogger });
  const backend = remoteBackend({
    url: "https://holdfast.example",
    account: "bot",
    token: "token",
    fetch: answeringFetch(() => stored),
  });
  const account = await openAccount({ backend, host: { logger: silentLogger } });
  const events: WriteBehindEvent[] = [];
  account.writeBehind.onEvent((event) => events.push(event));
  await account.store.putSession("1@lid.0", new Uint8Array([1]));
  await account.close();
  await stored.close();
  return { epoch: account.signalPolicy.restoreEpoch, events };
}

test("a client of a service over a restored file gets its raise", async () => {
  await useRemotely();
  copyFileSync(path, `${path}.copy`);
  expect(await useRemotely()).toEqual({ epoch: 0, events: [] });
  copyFileSync(`${path}.copy`, path);
  expect(await useRemotely()).toEqual({ epoch: 1, events: [{ kind: "restored", restoreEpoch: 1 }] });
  expect(await useRemotely()).toEqual({ epoch: 1, events: [] });
});
