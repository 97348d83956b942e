import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readChunks } from "./files.ts";

function isOpen(path: string): boolean {
  return readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}

test.runIf(process.platform === "linux")("opens no file before it is read, and closes it after", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-files-"));
  const path = join(folder, "file");
  writeFileSync(path, new Uint8Array(200_000));
  const unread = readChunks(path);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isOpen(path)).toBe(false);
  for await (const chunk of unread) {
    expect([chunk.length > 0, isOpen(path)]).toEqual([true, true]);
    break;
  }
  await expect.poll(() => isOpen(path)).toBe(false);
  const gone = readChunks(path);
  rmSync(folder, { recursive: true });
  // Without a reader, its error would end the process.
  await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(gone[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "ENOENT" });
});
