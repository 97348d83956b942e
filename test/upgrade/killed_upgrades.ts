/**
 * Kills processes that open and change a file of the release before, at random moments, and says what was
 * lost. Used by a test and by a benchmark.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import type { Backend } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";
import { COLLECTION, firstState, isWhole, UPGRADED } from "./changing_collection.ts";
import { RELEASE_1_ACCOUNTS, release1PutVersion, release1Statements } from "./release_1.ts";

/** Processes in a row on one file: the first dies while it opens the file, the others at any moment. */
const KILLS_PER_FILE = 2;

/** Within so many milliseconds a process opens the file and converts the collection, or dies. */
const OPENING_MS = 150;

/**
 * After which of its commits a process dies, file by file: 1 upgrades the file, 4 saves the device, 5 to 7
 * convert the collection.
 */
const LAST_COMMITS: readonly number[] = [5, 1, 6, 4, 7, 2];

/** What became of the files. */
export interface KilledUpgrades {
  /** What was wrong after a kill, each in a few words. */
  readonly lost: readonly string[];
  /** Kills after which the file was of the release before, was upgraded and not converted, was converted. */
  readonly before: number;
  readonly upgraded: number;
  readonly converted: number;
}

/** Kills processes on copies of one file, on two files at a time. */
export async function killUpgrades(kills: number, seed: number): Promise<KilledUpgrades> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-killed-"));
  const program = await buildProgram("test/upgrade/upgrader.ts");
  const counts = { before: 0, upgraded: 0, converted: 0 };
  const lost: string[] = [];
  try {
    const original = join(folder, "release_1.db");
    await makeRelease1(original);
    let files = 0;
    const work = async (): Promise<void> => {
      while (files * KILLS_PER_FILE < kills) {
        const file = files;
        files += 1;
        const path = join(folder, `${file}.db`);
        copyFileSync(original, path);
        const rounds = Math.min(KILLS_PER_FILE, kills - file * KILLS_PER_FILE);
        for (const { stage, faults } of await killOnFile({ program, path, file, rounds, seed })) {
          counts[stage] += 1;
          lost.push(...faults.map((fault) => `file ${file} of seed ${seed}: ${fault}`));
        }
        for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
      }
    };
    await Promise.all([work(), work()]);
  } finally {
    program.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  return { lost, ...counts };
}

/** What a file was after a kill. */
interface Inspection {
  readonly stage: keyof Omit<KilledUpgrades, "lost">;
  readonly faults: readonly string[];
  readonly version: number;
}

/** Kills processes on one file, one after the other. */
async function killOnFile(options: {
  readonly program: NodeProgram;
  readonly path: string;
  readonly file: number;
  readonly rounds: number;
  readonly seed: number;
}): Promise<Inspection[]> {
  const { program, path, file, rounds, seed } = options;
  const random = new SeededRandom(seed + file);
  const inspections: Inspection[] = [];
  let acknowledged = 1;
  for (let round = 0; round < rounds; round += 1) {
    const isEarly = round === 0 || random.oneIn(3);
    // Of every second file the first process dies between two commits, of the others at any moment.
    const isBetween = round === 0 && file % 2 === 0;
    const lastCommit = isBetween ? (LAST_COMMITS[(file / 2) % LAST_COMMITS.length] ?? 0) : 0;
    const told = await killOne(program, `file:${path}`, { random, isEarly, lastCommit });
    const inspection = await inspect(`file:${path}`, Math.max(acknowledged, told));
    inspections.push(inspection);
    acknowledged = inspection.version;
  }
  return inspections;
}

/** A file of the release before with its accounts, and a collection that takes several commits to convert. */
async function makeRelease1(path: string): Promise<void> {
  const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
  await driver.batch([...release1Statements(), release1PutVersion(1, COLLECTION, firstState())]);
  await driver.close();
}

/**
 * Starts a process and kills it: early, while it opens the file, or some versions later.
 *
 * @returns The last version that it said is stored.
 */
async function killOne(
  program: NodeProgram,
  url: string,
  death: { readonly random: SeededRandom; readonly isEarly: boolean; readonly lastCommit: number },
): Promise<number> {
  const { random, isEarly, lastCommit } = death;
  const child = program.start([url, String(lastCommit)]);
  const afterVersions = isEarly ? 0 : 1 + random.below(4);
  const delayMs = random.below(isEarly ? OPENING_MS : 15);
  let told = 0;
  let versions = 0;
  let text = "";
  let errors = "";
  const hear = (line: string): void => {
    if (line !== "ready") {
      told = Number(line);
      versions += 1;
    }
    if (versions === afterVersions && lastCommit === 0) setTimeout(() => child.kill("SIGKILL"), delayMs);
  };
  child.stderr.on("data", (chunk: Buffer) => {
    errors += String(chunk);
  });
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (text + String(chunk)).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) hear(line);
  });
  const signal = await new Promise<string | null>((done) => child.on("close", (_, by) => done(by)));
  if (signal !== "SIGKILL") throw new Error(`the process ended by itself: ${errors}`);
  return told;
}

/** Looks at a file after a kill, as the next process would. */
async function inspect(url: string, acknowledged: number): Promise<Inspection> {
  const schema = await schemaOf(url);
  const faults: string[] = [];
  const backend = await libsqlBackend({ url, account: UPGRADED });
  const state = await backend.getVersion(COLLECTION);
  const { current } = await backend.getGenerations(COLLECTION);
  if (!isWhole(state)) faults.push("a collection is stored in part");
  // The last change may have landed just before it was said.
  if (![acknowledged, acknowledged + 1].includes(Number(state.version))) {
    faults.push(`version ${state.version} is stored, ${acknowledged} was acknowledged`);
  }
  await backend.close();
  for (const [account, writes] of Object.entries(RELEASE_1_ACCOUNTS)) {
    const opened = await libsqlBackend({ url, account });
    for (const write of writes) {
      if (write.kind === "session.put" && !(await hasSession(opened, write)))
        faults.push("a session is gone");
      if (write.kind === "device.save" && (await opened.load()) === undefined)
        faults.push("a device is gone");
      if (write.kind !== "syncVersion.put" || account === "bob") continue;
      const { version, indexValueMap } = await opened.getVersion(write.name);
      if (version !== write.state.version || indexValueMap.size !== write.state.indexValueMap.size)
        faults.push(`another collection of ${account} has changed`);
    }
    await opened.close();
  }
  const stage = schema === 1 ? "before" : current === undefined ? "upgraded" : "converted";
  return { stage, faults, version: Number(state.version) };
}

async function hasSession(
  backend: Backend,
  { address, record }: { readonly address: string; readonly record: Uint8Array },
): Promise<boolean> {
  const stored = await backend.getSession(address);
  return stored !== undefined && Buffer.compare(stored, record) === 0;
}

/** The schema that a file names before anything opens it. */
async function schemaOf(url: string): Promise<number> {
  const driver = await openLibsqlDriver({ url, logger: silentLogger });
  const [[version] = []] = await driver.query("SELECT version FROM holdfast_schema", []);
  await driver.close();
  return Number(version);
}
