/**
 * Copies of a file and replacements of it, as cases for every runtime that has files. A runtime has its own
 * `stat`: Deno tells dates of the inode in seconds, for example.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { nodeSqliteBackend } from "../../src/adapters/node_sqlite/mod.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { FencedError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";

/** Opens a backend over a file. */
export type OpenWitnessed = (options: {
  readonly path: string;
  readonly originalIsStopped?: boolean | undefined;
}) => Promise<Backend>;

/** The ways to open a file that every runtime with files has. */
export const WITNESSED_WAYS: readonly (readonly [name: string, open: OpenWitnessed])[] = [
  [
    "libsql",
    ({ path, ...options }) => libsqlBackend({ url: `file:${path}`, logger: silentLogger, ...options }),
  ],
  [
    "@libsql/client",
    ({ path, ...options }) =>
      libsqlBackend({ url: `file:${path}`, native: false, logger: silentLogger, ...options }),
  ],
  ["node:sqlite", (options) => nodeSqliteBackend({ logger: silentLogger, ...options })],
];

/** A file that is used, copied and put back. */
class WitnessedFile {
  readonly folder: string = mkdtempSync(join(tmpdir(), "holdfast-witnessed-"));
  readonly path: string = join(this.folder, "bot.db");
  readonly #open: OpenWitnessed;
  #changes = 0;

  constructor(open: OpenWitnessed) {
    this.#open = open;
  }

  /** Opens the account, changes something, and closes it. @returns The restore epoch. */
  async use(path: string = this.path, originalIsStopped?: boolean): Promise<number> {
    const host = { logger: silentLogger };
    const account = await openAccount({ backend: this.#open({ path, originalIsStopped }), host });
    this.#changes += 1;
    await account.store.putSession("1@lid.0", new Uint8Array([this.#changes]));
    await account.close();
    return account.signalPolicy.restoreEpoch ?? 0;
  }

  /** Whether the account notices that its file was replaced. */
  async isReplacedUnder(replace: () => void): Promise<boolean> {
    const host = { logger: silentLogger };
    const account = await openAccount({ backend: this.#open({ path: this.path }), host });
    await account.store.putSession("1@lid.0", new Uint8Array([1]));
    replace();
    const failure = await account.store.putSession("1@lid.0", new Uint8Array([2])).catch((error) => error);
    await account.close().catch(() => {});
    return failure instanceof FencedError;
  }

  copyFolder(name: string): string {
    mkdirSync(join(this.folder, name));
    const copy = join(this.folder, name, "bot.db");
    for (const suffix of ["", "-witness"]) copyFileSync(this.path + suffix, copy + suffix);
    return copy;
  }
}

/** Runs the cases. @throws When one fails. */
export async function checkWitnessedFile(open: OpenWitnessed): Promise<void> {
  const file = new WitnessedFile(open);
  const { path } = file;
  try {
    requireEqual("a new file", await file.use(), 0);
    copyFileSync(path, `${path}.copy`);
    requireEqual("a file that is used on", await file.use(), 0);
    copyFileSync(`${path}.copy`, path);
    requireEqual("an older copy", await file.use(), 1);
    requireEqual("the copy, used on", await file.use(), 1);
    // The birth time of the copy must be another one in whole milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 20));
    requireEqual("a moved folder", await file.use(file.copyFolder("moved"), true), 1);
    requireEqual("a copied folder", await file.use(file.copyFolder("copied")), 2);
    const replaced = await file.isReplacedUnder(() => renameSync(`${path}.copy`, path));
    requireEqual("a replaced file", replaced, true);
    requireEqual("the log of a replaced file", existsSync(`${path}-wal`), false);
    requireEqual("the file that has replaced it", await file.use(), 1);
    copyFileSync(path, `${path}.copy`);
    const another = await file.isReplacedUnder(() => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
      renameSync(`${path}.copy`, path);
      writeFileSync(`${path}-wal`, "");
    });
    requireEqual("a file that is replaced with its log", another, true);
    requireEqual("the log of another process", existsSync(`${path}-wal`), true);
  } finally {
    rmSync(file.folder, { recursive: true, force: true });
  }
}

function requireEqual<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)}, expected ${String(expected)}`);
}
