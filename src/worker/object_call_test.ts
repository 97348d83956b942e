import { expect, test } from "vitest";
import { ArgumentTypeError, StoreError } from "../errors/mod.ts";
import { silentLogger } from "../ports/mod.ts";
import { RequestError } from "../service/mod.ts";
import { RecordingLogger } from "../testing/mod.ts";
import { answerError, answerValue, callName, callObject, plainValueOf } from "./object_call.ts";
import type { ObjectStubLike } from "./object_types.ts";

/** An object that answers calls in this process. */
function objectOf(answer: (request: Request) => Response | Promise<Response>): ObjectStubLike {
  return { fetch: async (url, init) => await answer(new Request(url, init)) };
}

const CALL = { body: new Uint8Array([1, 2, 3]) };

test("a call arrives under its name, and its answer comes back", async () => {
  const object = objectOf(async (request) =>
    answerValue({ name: callName(request), body: new Uint8Array(await request.arrayBuffer()) }),
  );
  expect(await plainValueOf(await callObject(object, "stats", CALL))).toEqual({ name: "stats", ...CALL });
});

test("a request from outside is no call, whatever its headers say", async () => {
  let headers = new Headers();
  const spy = objectOf((request) => {
    headers = request.headers;
    return answerValue(undefined);
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

test.each([
  ["fenced", new StoreError("fenced", "commit: fenced")],
  ["not-found", new RequestError("not-found", "find account: there is none")],
  ["invalid", new ArgumentTypeError("call: malformed")],
] as const)("an error comes back as what it was: %s", async (code, error) => {
  const thrown = await callObject(
    objectOf(() => answerError(error, silentLogger)),
    "stats",
    CALL,
  ).catch((caught: unknown) => caught);
  expect(thrown).toMatchObject(code === "invalid" ? { name: "TypeError" } : { code, message: error.message });
});

test("an error that nobody has thought of is the object's own, and its log tells where it was thrown and nothing that it says", async () => {
  const logger = new RecordingLogger();
  const error = new TypeError("secret\n    at secret (secret:1:1)\nsecret");
  const thrown = await callObject(
    objectOf(() => answerError(error, logger)),
    "stats",
    CALL,
  ).catch((caught: unknown) => caught);
  expect(thrown).toMatchObject({ code: "failed", message: "call: failed unexpectedly" });
  expect(logger.text).toContain("TypeError");
  expect(logger.text).toContain("object_call_test");
  expect(logger.text).not.toContain("secret");
  await answerError(new StoreError("fenced", "commit: fenced"), logger);
  await answerError(new ArgumentTypeError("call: malformed"), logger);
  expect(logger.messages("error")).toHaveLength(1);
});

test("an object that does not answer, or says what is no answer, leaves the call unanswered", async () => {
  const silent = objectOf(() => Promise.reject(new Error("network lost: secret")));
  const garbled = objectOf(() => new Response("<html>", { status: 500 }));
  for (const object of [silent, garbled]) {
    const thrown = await callObject(object, "stats", CALL).catch((caught: unknown) => caught);
    expect(thrown).toMatchObject({ code: "unanswered", message: "call object: no answer" });
  }
});
