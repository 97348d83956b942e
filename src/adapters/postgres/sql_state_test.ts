import { describe, expect, test } from "vitest";
import { DriverFailure } from "./postgres_driver.ts";
import { keepsConnection, mapPostgresError } from "./sql_state.ts";

function serverError(code: string, message = "failed"): Error {
  return Object.assign(new Error(message), {
    code,
    severity: "ERROR",
    detail: "Key (id)=(topsecret) exists",
  });
}

describe("mapPostgresError", () => {
  const cases = [
    ["40001", "BusyError"],
    ["40P01", "BusyError"],
    ["55P03", "BusyError"],
    ["57014", "BusyError"],
    ["25006", "BusyError"],
    ["26000", "BusyError"],
    ["40003", "AmbiguousError"],
    ["57P01", "AmbiguousError"],
    ["08006", "AmbiguousError"],
    ["22021", "RefusedError"],
    ["23505", "RefusedError"],
    ["42P01", "BackendError"],
    ["XX001", "CorruptError"],
    ["EPIPE", "AmbiguousError"],
    ["ECONNRESET", "AmbiguousError"],
    // An open connection can fail with it, too.
    ["EHOSTUNREACH", "AmbiguousError"],
    ["ECONNREFUSED", "BackendError"],
  ] as const;

  for (const [code, name] of cases) {
    test(`${code} of a commit is ${name}`, () => {
      expect(mapPostgresError(serverError(code), "commit").name).toBe(name);
    });
  }

  test("knows a failed check in the language of the server", () => {
    for (const quoted of ['"fenced"', "»fenced«", "«fenced»", "« fenced »", "“fenced”"])
      expect(mapPostgresError(serverError("22P02", `integer: ${quoted}`), "commit").name).toBe("FencedError");
    expect(mapPostgresError(serverError("22P02", "integer: unfenced"), "commit").name).toBe("RefusedError");
  });

  test("a read has no lost answer", () => {
    for (const code of ["57P01", "08006", "ECONNRESET"]) {
      expect(mapPostgresError(serverError(code), "read").name).toBe("BackendError");
    }
  });

  test("what was not sent is not ambiguous", () => {
    for (const code of ["ECONNRESET", "57P01"]) {
      const failure = new DriverFailure(serverError(code), { isUnsent: true });
      expect(mapPostgresError(failure, "commit").name).toBe("BackendError");
    }
  });

  test("a check that fails is a guard or an isolation level", () => {
    const failed = (word: string) =>
      mapPostgresError(serverError("22P02", `invalid input: "${word}"`), "commit");
    expect(failed("fenced").name).toBe("FencedError");
    expect(failed("migrated").name).toBe("FencedError");
    expect(failed("isolation").name).toBe("IncompatibleError");
    expect(failed("5x").name).toBe("RefusedError");
  });

  test("tells of a password that pg does not have", () => {
    const failure = new DriverFailure(
      new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"),
      {
        isUnsent: true,
      },
    );
    expect(mapPostgresError(failure, "open database").message).toBe(
      "open database: access is refused, check user and password (SASL)",
    );
  });

  test("tells of TLS that does not come about, and that nothing was sent", () => {
    for (const code of [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "CERT_HAS_EXPIRED",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
    ]) {
      const error = mapPostgresError(serverError(code), "commit");
      expect(error).toMatchObject({
        name: "BackendError",
        message: expect.stringContaining("commit: the certificate of the server is not accepted"),
      });
      expect(error.message).toContain(`(${code})`);
    }
    const none = new Error("The server does not support SSL connections");
    expect(mapPostgresError(none, "open database").message).toBe(
      "open database: the server has no TLS, check sslmode (TLS)",
    );
    expect(mapPostgresError(serverError("ENOENT"), "open database").message).toBe(
      "open database: a file does not exist, check the paths of the URL, such as sslrootcert (ENOENT)",
    );
  });

  test("names the statement of the batch", () => {
    const failure = new DriverFailure(serverError("23505"), { statementIndex: 4 });
    expect(mapPostgresError(failure, "commit", (index) => index - 1)).toMatchObject({ writeIndex: 3 });
  });

  test("repeats no value of a row", () => {
    for (const code of ["23505", "22P02", "40001", "42P01"]) {
      const error = mapPostgresError(serverError(code, 'invalid: "topsecret"'), "commit");
      expect(
        JSON.stringify([error.message, String(error.cause), { ...(error.cause as object) }]),
      ).not.toContain("topsecret");
    }
  });
});

test("a connection goes on after an error of a statement alone", () => {
  expect(keepsConnection(serverError("23505"))).toBe(true);
  expect(keepsConnection(serverError("57P01"))).toBe(false);
  expect(keepsConnection(serverError("EPIPE"))).toBe(false);
});
