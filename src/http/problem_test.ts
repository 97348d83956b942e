import { describe, expect, test } from "vitest";
import { BusyError, FencedError, RefusedError, StoreError } from "../errors/mod.ts";
import { ServiceError, type ServiceErrorCode } from "../service/mod.ts";
import {
  errorOfProblem,
  faultOf,
  type ProblemCode,
  problemOf,
  problemResponse,
  RETRY_AFTER_S,
  STATUS_OF,
} from "./problem.ts";
import { RequestError } from "./request_error.ts";

const SERVICE_CODES: Readonly<Record<ServiceErrorCode, number>> = {
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  unanswered: 502,
};

/** The problem of an error, as a client reads it. */
async function answered(error: unknown): Promise<unknown> {
  return await problemResponse(problemOf(error, "id")).json();
}

describe("problemOf", () => {
  test("repeats what errors of the store, the service and the request say", () => {
    const message = "act: state";
    const told = { type: "about:blank", message, requestId: "id" };
    expect(problemOf(new FencedError(message), "id")).toEqual({
      ...told,
      ...{ code: "fenced", status: 409, title: "Conflict" },
    });
    expect(problemOf(new ServiceError("unanswered", message), "id")).toEqual({
      ...told,
      ...{ code: "unanswered", status: 502, title: "Bad Gateway" },
    });
    expect(problemOf(new RequestError("too-large", message), "id")).toEqual({
      ...told,
      ...{ code: "too-large", status: 413, title: "Content Too Large" },
    });
    expect(problemOf(new RefusedError(message, { writeIndex: 2 }), "id")).toMatchObject({
      ...{ code: "refused", status: 422, writeIndex: 2 },
    });
  });

  test("says nothing of an unexpected error", () => {
    const problem = problemOf(new Error("secret"), "id");
    expect(problem).toMatchObject({ code: "failed", status: 500, title: "Internal Server Error" });
    expect(JSON.stringify(problem)).not.toContain("secret");
  });
});

describe("problemResponse", () => {
  test.each(Object.entries(STATUS_OF))("has the status and the headers of %s", (code, status) => {
    const error = new StoreError(code as never, "act: state");
    const { headers, status: sent } = problemResponse({
      ...problemOf(error, "id"),
      code: code as ProblemCode,
      status,
    });
    expect(sent).toBe(status);
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(headers.get("retry-after")).toBe(status === 503 || status === 429 ? String(RETRY_AFTER_S) : null);
    expect(headers.get("www-authenticate")).toBe(status === 401 ? 'Bearer realm="holdfast"' : null);
  });
});

describe("errorOfProblem", () => {
  test.each(Object.entries(SERVICE_CODES))("is the service's error of %s", async (code, status) => {
    const error = new ServiceError(code as ServiceErrorCode, "act: state");
    expect(await answered(error)).toMatchObject({ status });
    expect(errorOfProblem(await answered(error))).toEqual(error);
  });

  test("is the store's error of its codes", async () => {
    expect(errorOfProblem(await answered(new BusyError("act: state")))).toBeInstanceOf(BusyError);
  });

  test.each([
    undefined,
    "busy",
    {},
    { code: "toString", message: "m" },
    { code: "unsupported", message: "m" },
  ])("is undefined for %j", (described) => {
    expect(errorOfProblem(described)).toBeUndefined();
  });
});

describe("faultOf", () => {
  test("is undefined for what is expected", () => {
    for (const error of [
      new BusyError("m"),
      new ServiceError("conflict", "m"),
      new RequestError("invalid", "m"),
    ]) {
      expect(faultOf(error)).toBeUndefined();
    }
  });

  test("is the name and the stack of what is not, without its message", () => {
    const fault = faultOf(new TypeError("secret\n    at secret (secret:1:1)"));
    expect(fault).toMatchObject({ name: "TypeError", stack: expect.stringContaining("problem_test") });
    expect(JSON.stringify(fault)).not.toContain("secret");
    expect(faultOf("secret")).toEqual({ name: "string" });
  });
});
