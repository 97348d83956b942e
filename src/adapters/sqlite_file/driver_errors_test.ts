import { describe, expect, test } from "vitest";
import type { StoreErrorCode } from "../../errors/mod.ts";
import { BusyError, type RefusedError } from "../../errors/mod.ts";
import { type DriverAction, mapDriverError } from "./driver_errors.ts";

function failure(message: string, members: object = {}): Error {
  return Object.assign(new Error(message), members);
}

describe("mapDriverError", () => {
  test("says what failed, why, what to do, and where", () => {
    const reasons: [thrown: Error, reason: string][] = [
      [failure("full", { code: "SQLITE_FULL" }), "the disk is full, free some space (SQLITE_FULL)"],
      [
        failure("readonly", { code: "SQLITE_READONLY_DIRECTORY" }),
        "the file or its folder must not be written, check owner and mode (SQLITE_READONLY_DIRECTORY)",
      ],
      [
        failure("fetch failed", { cause: failure("connect", { code: "ECONNREFUSED" }) }),
        "the server cannot be reached, check its URL and the network (ECONNREFUSED)",
      ],
      [failure("fetch failed"), "the server did not answer, check its URL and the network"],
      [
        failure("401", { code: "SERVER_ERROR", cause: failure("401", { status: 401 }) }),
        "access is refused, check the token (status 401)",
      ],
      [failure("no such table", { code: "SQLITE_ERROR" }), "failed (SQLITE_ERROR)"],
      [failure("secret text"), "failed for an unknown reason"],
    ];
    for (const [thrown, reason] of reasons) {
      expect(mapDriverError(thrown, "read", "/x.db").message).toBe(`read: ${reason}: "/x.db"`);
      expect(mapDriverError(thrown, "open database").message).toBe(`open database: ${reason}`);
    }
  });

  test("maps each failure to its code", () => {
    const table: [thrown: unknown, commit: StoreErrorCode, read: StoreErrorCode][] = [
      // Errors of the local driver: base code and extended code.
      [
        failure("database is locked", { code: "SQLITE_BUSY", extendedCode: "SQLITE_BUSY_SNAPSHOT" }),
        "busy",
        "busy",
      ],
      [failure("locked", { code: "SQLITE_LOCKED" }), "busy", "busy"],
      [failure("UNIQUE", { code: "SQLITE_CONSTRAINT" }), "refused", "refused"],
      [failure("UNIQUE", { code: "SQLITE_CONSTRAINT_PRIMARYKEY" }), "refused", "refused"],
      [failure("too big", { code: "SQLITE_TOOBIG" }), "refused", "refused"],
      [failure("malformed", { code: "SQLITE_CORRUPT" }), "corrupt", "corrupt"],
      [failure("malformed", { code: "SQLITE_CORRUPT_INDEX" }), "corrupt", "corrupt"],
      [failure("not a database", { code: "SQLITE_NOTADB" }), "incompatible", "incompatible"],
      [failure("full", { code: "SQLITE_FULL" }), "failed", "failed"],
      [failure("io", { code: "SQLITE_IOERR_FSYNC" }), "failed", "failed"],
      [failure("readonly", { code: "SQLITE_READONLY" }), "failed", "failed"],
      [failure("cannot open", { code: "SQLITE_CANTOPEN" }), "failed", "failed"],
      [failure("no such table", { code: "SQLITE_ERROR" }), "failed", "failed"],
      [failure("SQLITE_ERROR: malformed JSON", { code: "SQLITE_ERROR" }), "fenced", "failed"],
      // Errors of a server.
      [failure("SQLite error: malformed JSON", { code: "SQLITE_ERROR" }), "fenced", "failed"],
      [failure("SQL input error: malformed JSON", { code: "SQL_INPUT_ERROR" }), "fenced", "failed"],
      [failure("near x", { code: "SQL_INPUT_ERROR" }), "failed", "failed"],
      [failure("timeout", { code: "TRANSACTION_TIMEOUT" }), "failed", "failed"],
      [failure("expired", { code: "STREAM_EXPIRED" }), "failed", "failed"],
      [failure("who", { code: "AUTH_JWT_INVALID" }), "failed", "failed"],
      [failure("401", { code: "SERVER_ERROR", cause: failure("401", { status: 401 }) }), "failed", "failed"],
      [
        failure("500", { code: "SERVER_ERROR", cause: failure("500", { status: 500 }) }),
        "ambiguous",
        "failed",
      ],
      [
        failure("502", { code: "SERVER_ERROR", cause: failure("502", { status: 502 }) }),
        "ambiguous",
        "failed",
      ],
      [failure("closed", { code: "HRANA_WEBSOCKET_ERROR" }), "ambiguous", "failed"],
      [failure("closed", { code: "HRANA_CLOSED_ERROR" }), "ambiguous", "failed"],
      [failure("?", { code: "UNKNOWN" }), "ambiguous", "failed"],
      // Errors of the network.
      [failure("fetch failed", { cause: failure("reset", { code: "ECONNRESET" }) }), "ambiguous", "failed"],
      [failure("fetch failed", { cause: failure("refused", { code: "ECONNREFUSED" }) }), "failed", "failed"],
      [failure("fetch failed", { cause: failure("dns", { code: "ENOTFOUND" }) }), "failed", "failed"],
      [failure("Unable to connect", { code: "ConnectionRefused" }), "failed", "failed"],
      [failure("error sending request: tcp connect error: Connection refused"), "failed", "failed"],
      [failure("socket hang up"), "ambiguous", "failed"],
      [new SyntaxError("Unexpected token"), "ambiguous", "failed"],
      [new RangeError("cannot be safely represented"), "ambiguous", "corrupt"],
      ["a string", "ambiguous", "failed"],
      [undefined, "ambiguous", "failed"],
    ];
    for (const [thrown, commit, read] of table) {
      const codes = (["commit", "read"] as DriverAction[]).map(
        (action) => mapDriverError(thrown, action).code,
      );
      expect(codes, String(thrown)).toEqual([commit, read]);
    }
  });

  test("keeps the cause, and returns store errors unchanged", () => {
    const thrown = failure("disk I/O error", { code: "SQLITE_IOERR" });
    expect(mapDriverError(thrown, "commit").cause).toBe(thrown);
    const busy = new BusyError("commit: busy");
    expect(mapDriverError(busy, "commit")).toBe(busy);
  });

  test("reports the statement index of a refusal", () => {
    const refused = mapDriverError(failure("no", { code: "SQLITE_CONSTRAINT", statementIndex: 3 }), "commit");
    expect((refused as RefusedError).writeIndex).toBe(3);
    const unknown = mapDriverError(failure("no", { code: "SQLITE_TOOBIG" }), "commit");
    expect((unknown as RefusedError).writeIndex).toBeUndefined();
  });

  test("drops errors that quote an answer", () => {
    const quoting = new SyntaxError(`Unexpected token 's', "secret bytes" is not valid JSON`);
    for (const thrown of [quoting, failure("fetch failed", { cause: quoting })]) {
      const { message, cause } = mapDriverError(thrown, "read");
      expect(`${message} ${String(cause)} ${String((cause as Error).cause)}`).not.toContain("secret");
    }
  });

  test("stops in an endless chain of causes", () => {
    const loop = failure("around");
    loop.cause = loop;
    expect(mapDriverError(loop, "commit").code).toBe("ambiguous");
  });
});
