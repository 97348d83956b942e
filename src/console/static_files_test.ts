import { describe, expect, test } from "vitest";
import { StaticFiles } from "./static_files.ts";

const FILES: Readonly<Record<string, string>> = {
  "index.html": "<!doctype html>",
  "main-ABCDEF12.js": "start()",
  "assets/icon.svg": "<svg/>",
  _headers: "/*",
};

function filesWith(files = FILES) {
  let reads = 0;
  const served = new StaticFiles(async () => {
    reads += 1;
    return new Map(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]));
  });
  const ask = (path: string, init: RequestInit = {}) =>
    served.answer(new Request(`http://127.0.0.1:1${path}`, init));
  return { ask, reads: () => reads };
}

test("StaticFiles leads to the page of the API, where there is one", async () => {
  const files = (names: readonly string[]) =>
    new StaticFiles(async () => new Map(names.map((name) => [name, new Uint8Array(1)])));
  const request = new Request("http://x/v1/docs");
  const answer = await files(["api.html"]).answer(request);
  expect([answer?.status, answer?.headers.get("location")]).toEqual([302, "/api.html"]);
  expect(await files(["index.html"]).answer(request)).toBeUndefined();
});

describe("StaticFiles", () => {
  test("answer with a policy that allows nothing from elsewhere", async () => {
    const { ask } = filesWith();
    const response = await ask("/");
    expect(response?.status).toBe(200);
    expect(await response?.text()).toBe("<!doctype html>");
    const { headers } = response as Response;
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect((await ask("/main-ABCDEF12.js"))?.headers.get("cache-control")).toContain("immutable");
    expect((await ask("/assets/icon.svg"))?.headers.get("content-type")).toBe("image/svg+xml");
  });

  test("answer HEAD without a body, a known ETag with 304, and other methods with 405", async () => {
    const { ask, reads } = filesWith();
    const head = (await ask("/", { method: "HEAD" })) as Response;
    expect([head.status, await head.text(), head.headers.get("content-length")]).toEqual([200, "", "15"]);
    const etag = head.headers.get("etag") as string;
    const unchanged = (await ask("/", { headers: { "if-none-match": `"x", W/${etag}` } })) as Response;
    expect([unchanged.status, await unchanged.text()]).toEqual([304, ""]);
    expect((await ask("/", { headers: { "if-none-match": '"x"' } }))?.status).toBe(200);
    const refused = (await ask("/", { method: "POST" })) as Response;
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(reads()).toBe(1);
  });

  test.each([
    "/../package.json",
    "/%2e%2e/package.json",
    "/..%2fpackage.json",
    "//etc/passwd",
    "/assets/..%5c..%5cpackage.json",
    "/index.html%00",
    "/assets",
    "/constructor",
    "/.env",
    "/_headers",
    "/index.html/",
  ])("know nothing of %s", async (path) => {
    const { ask } = filesWith();
    expect(await ask(path)).toBeUndefined();
  });

  test("say at the address / what to do when the pages are not built", async () => {
    const { ask, reads } = filesWith({});
    const response = (await ask("/")) as Response;
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("npm run build");
    expect(await ask("/main.js")).toBeUndefined();
    // They may be built while the service runs.
    expect(reads()).toBe(2);
  });
});
