import { describe, expect, test } from "vitest";
import { databaseKind } from "./database_url.ts";

describe("databaseKind", () => {
  test("distinguishes files, memory and servers", () => {
    const kinds = {
      memory: [":memory:", "file::memory:", "file::memory:?cache=private"],
      file: ["file:a.db", "file:/a/b.db", "file:///a/b.db", "FILE:a.db", "file:dir/:memory:"],
      remote: ["http://h", "https://h/db", "ws://h:1", "wss://h", "libsql://h?tls=0", "LibSQL://h"],
    };
    for (const [kind, urls] of Object.entries(kinds)) {
      for (const url of urls) expect(databaseKind(url), url).toBe(kind);
    }
  });

  test("throws TypeError for other URLs without quoting them", () => {
    const urls = [
      "",
      "ftp://h/SECRET",
      "a/SECRET.db",
      "SECRET",
      "mysql:SECRET",
      "file:",
      "file:?SECRET",
      "https://u:SECRET@h/",
    ];
    for (const url of urls) {
      expect(() => databaseKind(url), url).toThrow(TypeError);
      expect(() => databaseKind(url), url).not.toThrow(/SECRET/i);
    }
    expect(() => databaseKind(undefined as unknown as string)).toThrow(TypeError);
  });
});
