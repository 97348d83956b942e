/** What the build of the console's pages holds. Does not need a browser. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { CSP } from "./made_service.ts";

const FOLDER = "dist/console";

/** The limit of all files together, compressed. */
const MAX_GZIP_BYTES = 90_000;

/** The files of the pages. The build may put the document of the API beside them, in a folder. */
const files = (): string[] =>
  readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
const textOf = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

describe("dist/console", () => {
  test("holds the pages and nothing else", () => {
    const names = files().map((name) => name.replace(/-[A-Z0-9]{8}\./, "-hash."));
    expect(names.sort()).toEqual([
      "_headers",
      "_redirects",
      "api.html",
      "api_page-hash.css",
      "api_page-hash.js",
      "icon.svg",
      "index.html",
      "main-hash.css",
      "main-hash.js",
    ]);
  });

  test("is at most 90 kB when it is compressed", () => {
    const sizes = files().map((name) => gzipSync(readFileSync(join(FOLDER, name)), { level: 9 }).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeLessThanOrEqual(MAX_GZIP_BYTES);
    expect(total, "nothing was built").toBeGreaterThan(30_000);
  });

  test.each([
    ["index.html", /^(icon|main-)/, []],
    ["api.html", /^(icon|api_page-|main-.*css$)/, ["v1/openapi.json"]],
  ])("%s loads its own files alone, and has no code in the page", (name, own, others) => {
    const page = textOf(name);
    const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? "");
    expect(links.sort()).toEqual([...files().filter((name) => own.test(name)), ...others].sort());
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    for (const name of files()) {
      if (name.endsWith(".css")) expect(textOf(name)).not.toMatch(/url\(|@import/);
    }
  });

  test("has the policy of the service for hosts of static files", () => {
    expect(textOf("_headers")).toContain(`Content-Security-Policy: ${CSP}\n`);
    expect(CSP).not.toContain("unsafe");
  });
});
