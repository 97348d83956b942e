/**
 * A process that moves an account between files, or imports a generated one:
 * `node transferrer.mjs move <url> <url>` or `… import <url> <seed>`. It prints a line for each commit, and
 * `done` or the code of its error.
 */
import { writeSync } from "node:fs";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { exportAccount, importAccount, moveAccount } from "../../src/transfer/mod.ts";
import { fillAccount } from "../support/account/generated_account.ts";

/** LID mappings beside the random rows, so that a transfer takes several commits. */
const MAPPINGS = 3_000;

/** Fills an account, as the test and the process do. */
export async function fillLarge(backend: Backend, seed: number): Promise<void> {
  await fillAccount(backend, seed);
  const entries = Array.from({ length: MAPPINGS }, (_, n) => ({
    ...{ lid: `${500_000 + n}`, phoneNumber: `${900_000 + n}`, createdAt: seed, updatedAt: seed },
    learningSource: "usync" as const,
  }));
  await backend.putLidMappings(entries);
}

const [command = "", first = "", second = ""] = process.argv.slice(2);
if (command !== "") await main();

async function main(): Promise<void> {
  const host = { logger: silentLogger };
  const onProgress = (rows: number): void => void writeSync(1, `${rows}\n`);
  try {
    const target = await libsqlBackend({ url: command === "move" ? second : first, logger: silentLogger });
    if (command === "move") {
      const source = await libsqlBackend({ url: first, logger: silentLogger });
      writeSync(1, "ready\n");
      await moveAccount(source, target, { host, onProgress });
    } else {
      const source = memoryBackend({ database: new MemoryDatabase() });
      await fillLarge(source, Number(second));
      writeSync(1, "ready\n");
      await importAccount(target, exportAccount(source), { mode: "new", host, onProgress });
    }
    writeSync(1, "done\n");
  } catch (error) {
    writeSync(1, `${(error as { readonly code?: string }).code ?? String(error)}\n`);
  }
}
