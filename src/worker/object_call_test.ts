import { describe, expect, test } from "vitest";
import { ArgumentTypeError, StoreError } from "../errors/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { PROTOCOL, PROTOCOL_VERSION } from "../protocol/mod.ts";
import { ServiceError } from "../service/mod.ts";
import { RecordingLogger } from "../testing/mod.ts";
import { answerObjectCall, callName, callObject } from "./object_call.ts";
import type { ObjectStubLike } from "./object_types.ts";
import { PLAIN_ANSWER } from "./plain_carrier.ts";

/** An object that answers calls in this process. */
function objectOf(answer: (request: Request) => Response | Promise<Response>): ObjectStubLike {
  return { fetch: async (url, init) => await answer(new Request(url, init)) };
}

const CALL = { body: new Uint8Array([1, 2, 3]) };

describe("callObject", () => {
  test("sends the name and the body, and returns the answer", async () => {
    const object = objectOf(async (request) =>
      PLAIN_ANSWER.encode({ name: callName(request), body: new Uint8Array(await request.arrayBuffer()) }),
    );
    expect(await PLAIN_ANSWER.decode(await callObject(object, "stats", CALL))).toEqual({
      name: "stats",
      ...CALL,
    });
  });
});

describe("callName", () => {
  // The headers are those of a call.
  test("returns undefined for a request with another URL or method", async () => {
    let headers = new Headers();
    const spy = objectOf((request) => {
      headers = request.headers;
      return PLAIN_ANSWER.encode(undefined);
    });
    await callObject(spy, "destroy", CALL);
    for (const url of [
      "https://bot.example/",
      "https://object/",
      "http://object.holdfast.invalid/",
      "https://object.holdfast.invalid/x",
    ]) {
      expect(callName(new Request(url, { method: "POST", headers }))).toBeUndefined();
    }
    expect(callName(new Request("https://object.holdfast.invalid/", { headers }))).toBeUndefined();
  });
});

describe("callObject", () => {
  test.each([
    ["fenced", new StoreError("fenced", "commit: fenced")],
    ["not-found", new ServiceError("not-found", "find account: no such account")],
    ["invalid", new ArgumentTypeError("call: malformed")],
  ] as const)("rejects with the object's error: %s", async (code, error) => {
    const thrown = await callObject(
      objectOf((request) => answerObjectCall(request, silentLogger, () => Promise.reject(error))),
      "stats",
      CALL,
    ).catch((caught: unknown) => caught);
    expect(thrown).toMatchObject(
      code === "invalid" ? { name: "TypeError" } : { code, message: error.message },
    );
  });
});

describe("answerObjectCall", () => {
  test("logs the stack of an unexpected error without its message", async () => {
    const logger = new RecordingLogger();
    const error = new TypeError("secret\n    at secret (secret:1:1)\nsecret");
    const thrown = await callObject(
      objectOf((request) => answerObjectCall(request, logger, () => Promise.reject(error))),
      "stats",
      CALL,
    ).catch((caught: unknown) => caught);
    expect(thrown).toMatchObject({ code: "failed", message: "call: failed unexpectedly" });
    expect(logger.text).toContain("TypeError");
    expect(logger.text).toContain("object_call_test");
    expect(logger.text).not.toContain("secret");
    for (const known of [
      new StoreError("fenced", "commit: fenced"),
      new ArgumentTypeError("call: malformed"),
    ]) {
      const failing = objectOf((request) => answerObjectCall(request, logger, () => Promise.reject(known)));
      await expect(callObject(failing, "stats", CALL)).rejects.toThrow();
    }
    expect(logger.messages("error")).toHaveLength(1);
  });
});

describe("callObject, of another release", () => {
  const VERSION = "x-holdfast-protocol";

  /** An object that speaks some versions, and the versions in which it was called. */
  function speaking(...versions: readonly number[]) {
    const asked: number[] = [];
    const object = objectOf((request) => {
      const version = Number(request.headers.get(VERSION));
      asked.push(version);
      if (versions.includes(version)) return PLAIN_ANSWER.encode("answered");
      const problem = { code: "version", message: `call: protocol ${version} is not spoken here` };
      return Response.json(problem, { status: 400, headers: { [VERSION]: String(versions[0]) } });
    });
    return { object, asked };
  }

  test("rejects as busy when the object speaks no common version", async () => {
    const { object, asked } = speaking(PROTOCOL_VERSION + 2);
    await expect(callObject(object, "stats", CALL)).rejects.toMatchObject({ code: "busy" });
    expect(asked).toEqual([...PROTOCOL.versions]);
  });

  test("passes on that the commit protocol's version is not spoken", async () => {
    const refusing = objectOf((request) =>
      answerObjectCall(request, silentLogger, () => Promise.reject(PROTOCOL.refusalOf(9))),
    );
    await expect(callObject(refusing, "call", CALL)).rejects.toMatchObject({
      code: "incompatible",
      message: PROTOCOL.refusalOf(9).message,
    });
  });

  test("refuses a call of another version before carrying it out", async () => {
    let carriedOut = 0;
    const carryOut = async (): Promise<Response> => {
      carriedOut += 1;
      return new Response(null);
    };
    for (const version of ["", "0", String(PROTOCOL_VERSION + 1), "x"]) {
      const headers = { "x-holdfast-call": "commandDevice", [VERSION]: version };
      const request = new Request("https://object.holdfast.invalid/", { method: "POST", headers });
      const response = await answerObjectCall(request, silentLogger, carryOut);
      expect([response.status, response.headers.get(VERSION)]).toEqual([400, String(PROTOCOL_VERSION)]);
    }
    expect(carriedOut).toBe(0);
  });
});

describe("callObject", () => {
  test("rejects as unanswered when the object does not answer", async () => {
    const silent = objectOf(() => Promise.reject(new Error("network lost: secret")));
    const garbled = objectOf(() => new Response("<html>", { status: 500 }));
    for (const object of [silent, garbled]) {
      const thrown = await callObject(object, "stats", CALL).catch((caught: unknown) => caught);
      expect(thrown).toMatchObject({ code: "unanswered", message: "call object: no answer" });
    }
  });
});
