import { describe, expect, test } from "vitest";
import { parseOptions } from "./options.ts";

describe("parseOptions", () => {
  test("reads values after a space or an equals sign", () => {
    expect(parseOptions([])).toEqual({ messages: 400, db: "file:holdfast.db" });
    expect(parseOptions(["--messages", "1,000", "--db=file:a b.db?x=1"])).toEqual({
      messages: 1_000,
      db: "file:a b.db?x=1",
    });
    expect(parseOptions(["--only=comparison"])).toEqual({
      messages: 400,
      db: "file:holdfast.db",
      only: "comparison",
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
    [["--serve"]],
    [["--only", "both"]],
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
    const parse = (): unknown => parseOptions(["--db", db]);
    expect(parse).toThrow(TypeError);
    expect(parse).toThrow(/^start: the URL of --db (?!.*s3cret).*HOLDFAST_DB_TOKEN/);
  });

  test("accepts a URL that only resembles one with a secret", () => {
    for (const db of ["file:authToken=1/user@host.db", "libsql://db.example?tls=0", "file:a?x=authToken"])
      expect(parseOptions(["--db", db])).toMatchObject({ db });
  });

  test.each(["0", "-1", "1.5", "", "many", "1000001"])("rejects %j messages", (count) => {
    expect(() => parseOptions(["--messages", count])).toThrow(RangeError);
  });
});
