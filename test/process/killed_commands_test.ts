/**
 * Each command of `holdfast` that changes accounts, as a process that is killed with SIGKILL before or after
 * each of its commits, and at random moments. It leaves the former state, the new one, or one that the next
 * run of the command completes, and never two sides that open. Does not cover the loss of power.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { type Backend, holdOf, type Sealing } from "../../src/backend/mod.ts";
import { hexOf } from "../../src/bytes/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { sealing } from "../../src/sealing/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { holdfast, openFilled } from "../cli/holdfast_world.ts";
import { generatedFolder } from "../importers/generated_folder.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { release1Statements } from "../upgrade/release_1.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/holdfast.mjs", import.meta.url));
const HOOK = new URL("./kill_at_commit.mjs", import.meta.url).href;
/** Kills of each command at one of its commits, and at random moments. */
const AT_COMMITS = dose({ short: 2, long: 400 });
const AT_RANDOM = dose({ short: 0, long: 20 });
/** After one kill in as many the next run is a process of its own, before anything else looks at the files. */
const RUNS_ALONE = 3;
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_201);

const ACCOUNT = "shop";
const KEYS = { one: Buffer.alloc(32, "1"), two: Buffer.alloc(32, "2") } as const;
const HOLDFAST_KEYS = `one=${KEYS.one.toString("base64")},two=${KEYS.two.toString("base64")}`;

const root = mkdtempSync(join(tmpdir(), "holdfast-killed-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;

/** A command with what it works on. */
interface Prepared {
  readonly args: readonly string[];
  readonly env?: Env;
  /** Databases whose account of the name may open. */
  readonly sides: readonly string[];
  readonly sealing?: Sealing;
  /** States in which it is done. Everything else is completed by `again`. */
  readonly done: readonly string[];
  /** States beside those in which it may be killed. */
  readonly between: readonly string[];
  /** The run that completes it. Defaults to the same one. */
  again?(state: string): readonly string[];
  /** What also holds when it is done. */
  check?(): Promise<void>;
}

/** Something that is destroyed or replaced, by its name. */
interface Command {
  readonly name: string;
  prepare(folder: string): Promise<Prepared>;
}

async function filled(path: string): Promise<string> {
  const account = await openFilled(path, ACCOUNT);
  const { publicKey } = account.device.getDeviceSnapshot().identityKey;
  await account.close();
  return hexOf(publicKey);
}

/**
 * Runs a command in this process. It takes over: this process has looked at the file, and a native library
 * closes the connection of a look only when it is collected.
 */
async function inProcess(args: readonly string[], env: Env = {}): Promise<{ code: number; err: string }> {
  const isChange = args[0] !== "backup";
  return await holdfast(isChange ? [...args, "--takeover"] : args, { env });
}

/** As `inProcess`. It must succeed. */
async function run(args: readonly string[], env: Env = {}): Promise<void> {
  const { code, err } = await inProcess(args, env);
  expect(code, `${args.join(" ")}: ${err}`).toBe(0);
}

function baileysFolder(folder: string): string {
  const source = join(folder, "auth");
  mkdirSync(source);
  for (const [name, text] of Object.entries(generatedFolder(7))) writeFileSync(join(source, name), text);
  return source;
}

const COMMANDS: readonly Command[] = [
  ...[false, true].map((replaces): Command => {
    return {
      name: replaces ? "import --replace" : "import",
      async prepare(folder) {
        const target = join(folder, "bot.db");
        const former = replaces ? await filled(target) : "absent";
        const flags = ["-a", ACCOUNT, "--yes", ...(replaces ? ["--replace"] : [])];
        return {
          args: ["import", baileysFolder(folder), target, ...flags],
          sides: [target],
          done: ["new"],
          between: [former, "importing"],
        };
      },
    };
  }),
  ...[false, true].map((replaces): Command => {
    return {
      name: replaces ? "restore --replace" : "restore",
      async prepare(folder) {
        const [source, target] = [join(folder, "old.db"), join(folder, "bot.db")];
        const restored = await filled(source);
        await run(["backup", source, join(folder, "bot.holdfast")]);
        const former = replaces ? await filled(target) : "absent";
        const flags = ["--yes", ...(replaces ? ["--replace"] : [])];
        return {
          args: ["restore", join(folder, "bot.holdfast"), target, ...flags],
          sides: [target],
          done: [restored],
          between: [former, "importing"],
          check: async () => {
            if (!replaces) return;
            await run(["retire", target, "--yes", "--undo-days", "0"]);
            // A run that was complete, and is repeated, retires what it has restored.
            const [first] = await withBackend(target, (backend) => backend.listSetAside());
            await run(["undo", target, "--yes", "--id", first?.id ?? ""]);
            expect(await stateOf(target)).toBe(former);
          },
        };
      },
    };
  }),
  {
    name: "restore --replace, undone",
    async prepare(folder) {
      const [source, target] = [join(folder, "old.db"), join(folder, "bot.db")];
      const restored = await filled(source);
      await run(["backup", source, join(folder, "bot.holdfast")]);
      const former = await filled(target);
      return {
        args: ["restore", join(folder, "bot.holdfast"), target, "--yes", "--replace"],
        sides: [target],
        done: [former, restored],
        between: ["importing"],
        again: () => ["undo", target, "--yes"],
      };
    },
  },
  {
    name: "move",
    async prepare(folder) {
      const [from, to] = [join(folder, "from.db"), join(folder, "to.db")];
      const key = await filled(from);
      const args = ["move", from, to, "--yes"];
      return {
        args,
        sides: [from, to],
        done: [`moved ${key}`],
        between: [`${key} absent`, "moving absent", "moving arriving", "moved arriving"],
        again: (state) => (state.startsWith(key) ? args : [...args, "--resume"]),
      };
    },
  },
  {
    name: "retire",
    async prepare(folder) {
      const path = join(folder, "bot.db");
      const former = await filled(path);
      return {
        args: ["retire", path, "--yes"],
        sides: [path],
        done: ["absent"],
        between: [former],
        check: async () => {
          await run(["undo", path, "--yes"]);
          expect(await stateOf(path)).toBe(former);
        },
      };
    },
  },
  {
    name: "undo",
    async prepare(folder) {
      const path = join(folder, "bot.db");
      const former = await filled(path);
      await run(["retire", path, "--yes"]);
      return { args: ["undo", path, "--yes"], sides: [path], done: [former], between: ["absent"] };
    },
  },
  {
    name: "erase",
    async prepare(folder) {
      const path = join(folder, "bot.db");
      const former = await filled(path);
      return { args: ["erase", path, "--yes"], sides: [path], done: ["absent"], between: [former] };
    },
  },
  {
    name: "purge",
    async prepare(folder) {
      const path = join(folder, "bot.db");
      await filled(path);
      await run(["retire", path, "--yes"]);
      return {
        args: ["purge", path, "--yes"],
        sides: [path],
        done: [],
        between: ["absent"],
        check: async () => {
          expect(await withBackend(path, (backend) => backend.listSetAside())).toEqual([]);
        },
      };
    },
  },
  ...(["one", "two"] as const).map((target): Command => {
    return {
      name: target === "one" ? "rotate-key, for the first time" : "rotate-key",
      async prepare(folder) {
        const path = join(folder, "bot.db");
        const key = await filled(path);
        if (target === "two")
          await run(["rotate-key", path, "--yes"], { HOLDFAST_KEYS, HOLDFAST_KEY: "one" });
        return {
          args: ["rotate-key", path, "--yes"],
          env: { HOLDFAST_KEYS, HOLDFAST_KEY: target },
          sides: [path],
          sealing: sealing({ keys: KEYS, current: target, sealExisting: true }),
          done: [],
          between: [key],
          check: async () => {
            const only = sealing({ keys: { [target]: KEYS[target] } });
            expect(await stateOf(path, only)).toBe(key);
            const secret = Buffer.from(await privateKeyOf(path, only));
            expect(secret).toHaveLength(32);
            expect(readFileSync(path).includes(secret)).toBe(false);
          },
        };
      },
    };
  }),
  {
    name: "migrate",
    async prepare(folder) {
      const path = join(folder, "bot.db");
      const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
      await driver.batch(release1Statements());
      await driver.close();
      return {
        args: ["migrate", path, "--yes"],
        sides: [],
        done: [],
        between: [""],
        check: async () => {
          const backend = libsqlBackend({ url: `file:${path}`, account: "alice", logger: silentLogger });
          const account = await openAccount({ backend, host: { logger: silentLogger } });
          expect(account.device.getDeviceSnapshot().registrationId).toBe(4_711);
          await account.close();
        },
      };
    },
  },
];

async function withBackend<T>(
  path: string,
  use: (backend: Backend) => Promise<T>,
  sealed?: Sealing,
): Promise<T> {
  const backend = await libsqlBackend({
    ...{ url: `file:${path}`, account: ACCOUNT, logger: silentLogger, sealing: sealed },
  });
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}

async function privateKeyOf(path: string, sealed: Sealing): Promise<Uint8Array> {
  const device = await withBackend(path, (backend) => backend.load(), sealed);
  return device?.identityKey.privateKey ?? new Uint8Array();
}

/** Opens the account of a file: its identity key, how it is held, or that it is absent. */
async function stateOf(path: string, sealed?: Sealing): Promise<string> {
  const found = await withBackend(
    path,
    async (backend) => {
      const owner = (await backend.readOwner())?.owner;
      const held = holdOf(owner)?.state;
      return held ?? (owner !== undefined || (await backend.exists()) ? undefined : "absent");
    },
    sealed,
  );
  const open = (): Promise<{ close(): Promise<void>; key: string }> => opened(path, sealed);
  if (found !== undefined) {
    if (found !== "absent") await expect(open()).rejects.toMatchObject({ code: "held" });
    return found;
  }
  const { key, close } = await open();
  await close();
  return key;
}

async function opened(path: string, sealed?: Sealing): Promise<{ close(): Promise<void>; key: string }> {
  const account = await openAccount({
    backend: libsqlBackend({
      ...{ url: `file:${path}`, account: ACCOUNT, logger: silentLogger, sealing: sealed },
    }),
    host: { logger: silentLogger },
    housekeeping: false,
  });
  const key = hexOf(account.device.getDeviceSnapshot().identityKey.publicKey);
  return { key, close: () => account.close() };
}

/** How a process has ended. */
interface Ended {
  /** `null` when it was killed. */
  readonly code: number | null;
  readonly errors: string;
}

/** Runs the program in a process. */
async function start({ args, env }: Prepared, kill: Env, killAfterMs?: number): Promise<Ended> {
  const child = spawn(process.execPath, ["--import", HOOK, PROGRAM, ...args], {
    env: { ...process.env, ...env, ...kill },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += String(data);
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { code, errors };
}

/** The next run, by a process of its own, which finds no other one: it completes, or has nothing to do. */
async function expectNextRun(prepared: Prepared): Promise<void> {
  const args = prepared.args[0] === "move" ? [...prepared.args, "--resume"] : prepared.args;
  const { code, errors } = await start({ ...prepared, args }, {});
  expect([0, 3, 4], errors).toContain(code);
  expect(errors).not.toContain("another process");
}

/** The states of all sides: their openings never both succeed. */
async function statesOf({ sides, sealing: sealed }: Prepared): Promise<string> {
  const states = [];
  for (const side of sides) states.push(await stateOf(side, sealed));
  expect(states.filter((state) => state.length === 64).length, states.join()).toBeLessThanOrEqual(1);
  return states.join(" ");
}

async function expectCompletion(prepared: Prepared, what: string): Promise<void> {
  const state = await statesOf(prepared);
  const isNew = prepared.done.includes("new") && state.length === 64 && !prepared.between.includes(state);
  if (!isNew && !prepared.done.includes(state)) {
    expect(prepared.between, what).toContain(state);
    const { code, err } = await inProcess(prepared.again?.(state) ?? prepared.args, prepared.env);
    // There is nothing to purge when the purge was done.
    expect([0, prepared.args[0] === "purge" ? 3 : 0], `${what}: ${err}`).toContain(code);
    const end = await statesOf(prepared);
    if (prepared.done.includes("new"))
      expect([end.length, prepared.between.includes(end)], what).toEqual([64, false]);
    else if (prepared.done.length > 0) expect(prepared.done, what).toContain(end);
  }
  await prepared.check?.();
}

describe.runIf(process.platform !== "win32")("holdfast, killed", { timeout: DOSED_TIMEOUT_MS }, () => {
  for (const command of COMMANDS) {
    test(`${command.name}: leaves a state that is whole or completed by the next run (seed ${SEED})`, async () => {
      const random = new SeededRandom(SEED);
      const folderOf = (name: string): string => {
        const folder = join(root, `${command.name.replaceAll(/\W+/g, "-")}-${name}`);
        mkdirSync(folder);
        return folder;
      };
      const whole = folderOf("whole");
      const counts = join(whole, "commits");
      const first = await command.prepare(whole);
      const startedAt = performance.now();
      expect(await start(first, { HOLDFAST_TEST_COMMITS: counts })).toMatchObject({ code: 0 });
      const runMs = performance.now() - startedAt;
      const commits = Number(readFileSync(counts, "utf8"));
      expect(commits).toBeGreaterThan(0);
      const points = Array.from({ length: commits }, (_, n) => [`before:${n + 1}`, `after:${n + 1}`]).flat();
      // The last ones matter the most: the first ones may be the layout of a new file.
      const step = Math.max(1, points.length / AT_COMMITS);
      const chosen = [];
      for (let at = points.length - 1; at >= 0; at -= step) chosen.push(points[Math.floor(at)] as string);
      let killed = 0;
      for (const [n, point] of chosen.entries()) {
        const prepared = await command.prepare(folderOf(String(n)));
        const ended = await start(prepared, { HOLDFAST_TEST_KILL: point });
        // The number of commits varies by one or two, with what a connection finds.
        expect([null, 0], `${point}: ${ended.errors}`).toContain(ended.code);
        if (ended.code === null) killed += 1;
        if (n % RUNS_ALONE === 1) await expectNextRun(prepared);
        await expectCompletion(prepared, `${point} of ${commits}`);
      }
      expect(killed).toBeGreaterThan(chosen.length / 2 - 1);
      for (let n = 0; n < AT_RANDOM; n += 1) {
        const prepared = await command.prepare(folderOf(`random-${n}`));
        await start(prepared, {}, random.below(Math.ceil(1.1 * runMs)));
        await expectCompletion(prepared, `random ${n}`);
      }
    });
  }
});
