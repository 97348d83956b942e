import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { dose } from "../support/dose.ts";
import { startHranaServer } from "../support/hrana/hrana_server.mjs";
import { sentCases, withoutLargest } from "./connected_cases.ts";
import { registerTargets } from "./register.ts";
import { tursoServerlessTarget } from "./turso_serverless.ts";

const directory = await mkdtemp(join(tmpdir(), "holdfast-kit-turso-"));
const server = await startHranaServer({ directory });

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

registerTargets([tursoServerlessTarget((database) => server.url(database))], test, {
  cases: dose({ short: withoutLargest(sentCases), long: undefined }),
});
