import { describe, expect, test } from "vitest";
import { parseOptions } from "./options.ts";

describe("parseOptions", () => {
  test("reads values after a space or an equals sign", () => {
    expect(parseOptions([])).toEqual({ mode: "conversation", messages: 400, db: "file:holdfast.db" });
    expect(parseOptions(["--messages", "1,000", "--db=file:a b.db?x=1"])).toEqual({
      mode: "conversation",
      messages: 1_000,
      db: "file:a b.db?x=1",
    });
    expect(parseOptions(["--help", "--nonsense"])).toBe("help");
  });

  test.each([
    [["--message", "5"]],
    [["--messages"]],
    [["--db", ":memory:"]],
    [["--db", "file::memory:"]],
    [["--db", "file::memory:?cache=shared"]],
    [["--port", "1"]],
    [["--serve", "--messages", "1"]],
    [["--serve", "--worker"]],
    [["--worker", "--db", "file:x.db"]],
  ])("rejects %j as malformed", (args) => {
    expect(() => parseOptions(args)).toThrow(TypeError);
  });

  test.each([
    "libsql://db.example?authToken=s3cret",
    "https://db.example/?tls=1&authToken=s3cret",
    "https://db.example/?auth%54oken=s3cret",
    "file:x.db?AUTHTOKEN=s3cret",
    "https://user:s3cret@db.example",
    "libsql://s3cret@db.example/",
  ])("rejects a secret in %j and does not repeat it", (db) => {
    for (const mode of [[], ["--serve"]]) {
      const parse = (): unknown => parseOptions([...mode, "--db", db]);
      expect(parse).toThrow(TypeError);
      expect(parse).toThrow(/^start: the URL of --db (?!.*s3cret).*HOLDFAST_DB_TOKEN/);
    }
  });

  test("accepts a URL that only resembles one with a secret", () => {
    for (const db of ["file:authToken=1/user@host.db", "libsql://db.example?tls=0", "file:a?x=authToken"])
      expect(parseOptions(["--db", db])).toMatchObject({ db });
  });

  test("reads the options of a service", () => {
    const address = { host: "127.0.0.1", port: 8787 };
    expect(parseOptions(["--serve"])).toEqual({ mode: "serve", db: "file:holdfast-service.db", ...address });
    expect(parseOptions(["--port", "0", "--serve", "--host=::1", "--db", "file:a.db"])).toEqual({
      ...{ mode: "serve", db: "file:a.db", host: "::1", port: 0 },
    });
    expect(parseOptions(["--worker"])).toEqual({ mode: "worker", folder: ".wrangler/holdfast", ...address });
  });

  test.each(["65536", "-1", "", "x", "1e3"])("rejects port %j", (port) => {
    expect(() => parseOptions(["--serve", "--port", port])).toThrow(RangeError);
  });

  test.each(["0", "-1", "1.5", "", "many", "1000001"])("rejects %j messages", (count) => {
    expect(() => parseOptions(["--messages", count])).toThrow(RangeError);
  });
});
