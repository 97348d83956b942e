/** A refusal reaches a client that is still sending its request. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { callHead, ServiceProcess } from "./service_process.ts";

const BODY_BYTES = 9_000_000;

/** More than what is read of a request after its answer, and longer than a connection is kept for that. */
const FIRST_BYTES = 2_000_000;
const PAUSE_MS = 1_500;

const folder = mkdtempSync(join(tmpdir(), "holdfast-refused-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a client that sends slowly reads why its call was refused", async () => {
  await using service = await ServiceProcess.start(join(folder, "service.db"));
  const head = callHead("x", { token: "no-token-of-this-service", bytes: BODY_BYTES });
  const socket = await service.send(head, new Uint8Array(FIRST_BYTES));
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  // As the fetch of a runtime does, which reads no answer after a write that failed.
  const failure = await new Promise((resolve) =>
    socket.write(new Uint8Array(BODY_BYTES - FIRST_BYTES), resolve),
  );
  expect(failure ?? undefined).toBeUndefined();
  let answer = "";
  socket.on("data", (bytes) => {
    answer += String(bytes);
  });
  await expect.poll(() => answer, { timeout: 60_000 }).toMatch(/^HTTP\/1\.1 401 /);
});
