import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../programs/free_port.ts";

/** Where Debian installs the programs of each version. */
const DEBIAN = "/usr/lib/postgresql";

/** A PostgreSQL server for some tests, on loopback, without a password. */
export interface PostgresServer {
  readonly port: number;
  /** For a client of the database `postgres`. */
  readonly url: string;
  /** Ends every connection and every running transaction, and starts again with what was committed. */
  restart(how: "fast" | "immediate"): Promise<void>;
  close(): Promise<void>;
}

/** The folder of the programs `initdb` and `postgres`; `undefined` when no server is installed. */
function postgresPrograms(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  return versions
    .map((version) => join(DEBIAN, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
}

/** Why tests over a server are skipped; `undefined` when they run. CI installs a server, and skips nothing. */
export function whyNoPostgres(): string | undefined {
  if (postgresPrograms() === undefined)
    return "no PostgreSQL server is installed (on Debian: apt-get install postgresql)";
  const isPossible = process.getuid?.() !== 0 || serverUser() !== undefined;
  return isPossible ? undefined : "a PostgreSQL server does not run as root, and there is no user postgres";
}

/** Starts a server in a temporary folder, on a free port. */
export async function startPostgresServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const bin = postgresPrograms();
  if (bin === undefined) throw new Error("no PostgreSQL server is installed");
  const folder = mkdtempSync(join(tmpdir(), "holdfast-postgres-"));
  const user = userOfServer();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const as: SpawnOptions = { ...user, cwd: folder, env: { LC_ALL: "C.UTF-8" } };
  const made = spawnSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
    { ...as, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const options = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(port),
    // What is lost with the power of the machine is not tested here.
    fsync: "off",
    max_connections: "200",
    ...settings,
  };
  const args = Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const start = () => started(spawn(join(bin, "postgres"), ["-D", data, ...args], { ...as, stdio: "pipe" }));
  let server = await start();
  const killLast = (): void => void server.kill("SIGQUIT");
  process.once("exit", killLast);
  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async restart(how) {
      await ended(server, how === "fast" ? "SIGINT" : "SIGQUIT");
      server = await start();
    },
    async close() {
      process.removeListener("exit", killLast);
      await ended(server, "SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The user that the server runs as where `initdb` refuses root: the one that Debian's package creates. */
export function userOfServer(): { readonly uid: number; readonly gid: number } | undefined {
  return process.getuid?.() === 0 ? serverUser() : undefined;
}

function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  const line = readFileSync("/etc/passwd", "utf8").match(/^postgres:[^:]*:(\d+):(\d+):/m);
  return line === null ? undefined : { uid: Number(line[1]), gid: Number(line[2]) };
}

function started(server: ChildProcess): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    let output = "";
    server.stdout?.resume();
    server.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2_000);
      if (output.includes("ready to accept connections")) resolve(server);
    });
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${output}`)));
  });
}

function ended(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  server.kill(signal);
  return exited;
}
