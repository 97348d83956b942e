/** The program `holdfast` on each runtime over a PostgreSQL server that insists on TLS. */

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { hasOpenssl, makeCertificates, type ServerCertificates } from "../support/postgres/certificates.ts";
import {
  type PostgresServer,
  startPostgresServer,
  userOfServer,
  whyNoPostgres,
} from "../support/postgres/server.ts";
import { fill } from "./holdfast_world.ts";

const why = whyNoPostgres() ?? (hasOpenssl() ? undefined : "openssl is not installed");

const PROGRAM = resolve("dist/holdfast.mjs");
const PASSWORD = "s3cret";

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  node: [process.execPath],
  bun: [resolve("node_modules/.bin/bun"), "--bun"],
  deno: [resolve("node_modules/.bin/deno"), "run", "-A", "--no-remote"],
};

const folder = mkdtempSync(join(tmpdir(), "holdfast-pg-tls-"));
let server: PostgresServer;
/** Without TLS. */
let plain: PostgresServer;
let files: ServerCertificates;

beforeAll(async () => {
  if (why !== undefined) return;
  // The server runs as another user.
  chmodSync(folder, 0o755);
  files = makeCertificates(folder, userOfServer());
  const hba = join(folder, "hba.conf");
  writeFileSync(hba, "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n");
  const settings = { hba_file: hba, ssl: "on", ssl_cert_file: files.certificate, ssl_key_file: files.key };
  server = await startPostgresServer(settings);
  plain = await startPostgresServer();
  const pool = new Pool({ connectionString: server.url, max: 2 });
  pool.on("error", () => {});
  const account = await openAccount({
    backend: () => postgresBackend({ pg: pool, account: "shop", logger: silentLogger }),
    ...{ host: { logger: silentLogger }, saverIntervalMs: "manual", housekeeping: false },
  });
  await fill(account);
  await account.close();
  await pool.query(`CREATE ROLE bot LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
  await pool.end();
});

beforeEach(({ skip }) => skip(why !== undefined, why));

afterAll(async () => {
  await server?.close();
  await plain?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The database by name, as a role that must come over TLS. */
function target(options: string, { host = "localhost", user = "bot", port = server.port } = {}): string {
  return `postgres://${user}:${PASSWORD}@${host}:${port}/postgres?${options}`;
}

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(runtime: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const [command = "", ...before] = RUNTIMES[runtime] ?? [];
  const { status, stdout, stderr } = spawnSync(command, [...before, PROGRAM, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  for (const output of [stdout, stderr]) expect(output).not.toContain(PASSWORD);
  return { code: status, out: stdout, err: stderr };
}

describe.each(Object.keys(RUNTIMES))("on %s", (runtime) => {
  test("commands look and change, over a certificate that is verified", () => {
    const at = target(`sslmode=verify-full&sslrootcert=${files.authority}`);
    const accounts = run(runtime, ["accounts", at, "--json"]);
    expect(JSON.parse(accounts.out)).toMatchObject({ accounts: [{ account: "shop" }] });
    expect(run(runtime, ["show", at, "-a", "shop"])).toMatchObject({ code: 0 });
    expect(run(runtime, ["verify", at])).toMatchObject({ code: 0 });
    const file = join(folder, `${runtime}.holdfast`);
    expect(run(runtime, ["backup", at, file, "-a", "shop"])).toMatchObject({ code: 0 });
    expect(statSync(file).size).toBeGreaterThan(1_000);
    const there = `${at}&schema=restored_on_${runtime}`;
    expect(run(runtime, ["restore", file, there, "-a", "copy"])).toMatchObject({ code: 0 });
    const retired = run(runtime, ["retire", there, "-a", "copy", "--takeover", "--yes"]);
    expect(retired).toMatchObject({ code: 0 });
  });

  test("NODE_EXTRA_CA_CERTS names an authority, too", () => {
    const env = { NODE_EXTRA_CA_CERTS: files.authority };
    expect(run(runtime, ["accounts", target("sslmode=verify-full")], env)).toMatchObject({ code: 0 });
  });

  test("a certificate that is not trusted, or for another name, is refused and says so", () => {
    const refused = "open database: the certificate of the server is not accepted";
    const targets = [
      target("sslmode=verify-full"),
      target(`sslmode=verify-full&sslrootcert=${files.stranger}`),
      target(`sslmode=verify-full&sslrootcert=${files.authority}`, { host: "127.0.0.1" }),
    ];
    for (const at of targets) {
      const { code, err } = run(runtime, ["accounts", at]);
      expect(code).toBe(7);
      expect(err).toContain(refused);
    }
  });

  test("a file that does not exist, and a server without TLS, are named", () => {
    const missing = run(runtime, ["accounts", target("sslmode=verify-full&sslrootcert=/none.crt")]);
    expect(missing.code).toBe(7);
    expect(missing.err).toContain("a file does not exist, check the paths of the URL, such as sslrootcert");
    const at = target("sslmode=verify-full", { user: "postgres", port: plain.port });
    expect(run(runtime, ["accounts", at]).err).toContain("the server has no TLS, check sslmode");
  });
});
