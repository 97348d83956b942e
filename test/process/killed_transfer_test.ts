/** Moves and imports whose process is killed, and two that import at once. */
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, holdOf } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { fakeHost, SeededRandom } from "../../src/testing/mod.ts";
import { abortMove, exportAccount, importAccount, resumeMove } from "../../src/transfer/mod.ts";
import { type AccountContent, contentOf } from "../support/account/generated_account.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { programForFile } from "./program_for_file.ts";
import { fillLarge } from "./transferrer.ts";

const KILLS = dose({ short: 2, long: 100 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_130);

const program = programForFile("test/process/transferrer.ts");

function urlOf(name: string): string {
  return `file:${join(program.folder, `${name}.db`)}`;
}

async function at<T>(url: string, use: (backend: Backend) => Promise<T>): Promise<T> {
  const backend = await libsqlBackend({ url, logger: silentLogger });
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}

/** Runs the program, and kills it after a number of lines. @returns Its last line. */
async function run(args: readonly string[], killAfter = Number.POSITIVE_INFINITY): Promise<string> {
  const child = program.start(args);
  let text = "";
  child.stdout.on("data", (data) => {
    text += String(data);
    if (text.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  await once(child, "close");
  return text.trimEnd().split("\n").at(-1) ?? "";
}

async function generated(seed: number): Promise<AccountContent> {
  const backend = memoryBackend({ database: new MemoryDatabase() });
  await fillLarge(backend, seed);
  return await contentOf(backend);
}

/** Whether the account of a file opens. An absent one does not count. */
async function opens(url: string): Promise<boolean> {
  if (!(await at(url, (backend) => backend.exists()))) return false;
  try {
    const backend = libsqlBackend({ url, logger: silentLogger });
    await (await openAccount({ backend, host: { logger: silentLogger } })).close();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: "held" });
    return false;
  }
}

describe.runIf(process.platform !== "win32")("a transfer", { timeout: DOSED_TIMEOUT_MS }, () => {
  test(`by move, killed ${KILLS} times, opens one side at most, and is resumed or aborted (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    for (let n = 0; n < KILLS; n += 1) {
      const [from, to] = [urlOf(`from-${n}`), urlOf(`to-${n}`)];
      const before = await at(from, async (backend) => {
        await fillLarge(backend, n + 1);
        return await contentOf(backend);
      });
      await run(["move", from, to], 2 + random.below(8));
      const sides = [await opens(from), await opens(to)];
      expect(sides.filter(Boolean).length).toBeLessThanOrEqual(1);
      const hold = holdOf(await at(from, async (backend) => (await backend.readOwner())?.owner));
      const end = await at(from, (source) =>
        at(to, async (target) => {
          if (hold === undefined) return from;
          const isAborted =
            n % 2 === 0 &&
            (await abortMove(source, target).then(
              () => true,
              () => false,
            ));
          if (!isAborted) await resumeMove(source, target, { host: fakeHost() });
          return isAborted ? from : to;
        }),
      );
      expect([await opens(from), await opens(to)]).toEqual([end === from, end === to]);
      expect(await at(end, contentOf)).toEqual(before);
    }
  });

  test("by import, killed, does not open, and is begun anew", async () => {
    const url = urlOf("imported");
    await run(["import", url, "1"], 4);
    expect(await opens(url)).toBe(false);
    expect(await at(url, (backend) => backend.exists())).toBe(false);
    const backend = libsqlBackend({ url, logger: silentLogger });
    await expect(openAccount({ backend, host: { logger: silentLogger } })).rejects.toMatchObject({
      code: "held",
      state: "importing",
    });
    const source = memoryBackend({ database: new MemoryDatabase() });
    await fillLarge(source, 2);
    await at(url, (target) =>
      importAccount(target, exportAccount(source), { mode: "new", host: fakeHost() }),
    );
    expect(await at(url, contentOf)).toEqual(await contentOf(source));
    expect(await opens(url)).toBe(true);
  });

  test("by two imports at once, leaves the account of one of them", async () => {
    const url = urlOf("raced");
    const ends = await Promise.all([run(["import", url, "1"]), run(["import", url, "2"])]);
    expect(ends.filter((end) => end === "done").length).toBeLessThanOrEqual(1);
    for (const end of ends) expect(["done", "fenced", "refused", "busy"]).toContain(end);
    if (!ends.includes("done")) return;
    const seed = ends[0] === "done" ? 1 : 2;
    expect(await at(url, contentOf)).toEqual(await generated(seed));
    expect(await opens(url)).toBe(true);
  });
});
