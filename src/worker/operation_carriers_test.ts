import { describe, expect, test } from "vitest";
import type { DeviceCommand } from "../device/mod.ts";
import { ANSWER_CARRIERS, type CarriedInput, INPUT_CARRIERS } from "./operation_carriers.ts";

const ADDRESS = { account: "ann", registeredAtMs: 1 };

function requestOf({ body, headers = {} }: CarriedInput): Request {
  return new Request("https://object.holdfast.invalid/", {
    method: "POST",
    headers,
    body: body as Uint8Array<ArrayBuffer>,
  });
}

describe("INPUT_CARRIERS", () => {
  test("carries commands with their bytes", async () => {
    const commands: readonly DeviceCommand[] = [
      { kind: "setPushName", pushName: "Ann" },
      { kind: "setAdvSecretKey", advSecretKey: new Uint8Array(32).fill(7) },
    ];
    const { commands: carrier } = INPUT_CARRIERS;
    expect(await carrier.decode(requestOf(carrier.encode([commands])), ADDRESS)).toEqual([commands]);
  });

  test.each([
    ["ann", true, undefined],
    ["ann", false, 1_000_000],
    ["ann", undefined, undefined],
    [undefined, true, 5],
  ] as const)("carries a call and its scope: %s, %s, %s", async (account, mayErase, maxBytes) => {
    const body = new Uint8Array([0, 1, 255]);
    const { call: carrier } = INPUT_CARRIERS;
    const carried = carrier.encode([body, { account, mayErase, maxBytes }]);
    // The body is opaque: nothing is added to it.
    expect(carried.body).toBe(body);
    expect(await carrier.decode(requestOf(carried), ADDRESS)).toEqual([
      body,
      { account, mayErase, maxBytes },
    ]);
  });

  test("permits nothing beyond the account without a scope", async () => {
    const { call } = INPUT_CARRIERS;
    const [, scope] = await call.decode(requestOf({ body: new Uint8Array(1) }), ADDRESS);
    expect(scope.account).toBe("ann");
    expect(scope.mayErase ?? false).toBe(false);
  });
});

describe("ANSWER_CARRIERS", () => {
  test("carries a result without a value", async () => {
    const { nothing, device } = ANSWER_CARRIERS;
    expect(await nothing.decode(nothing.encode(undefined))).toBeUndefined();
    expect(await device.decode(device.encode(undefined))).toBeUndefined();
  });

  test("carries the bytes of a call", async () => {
    const { call } = ANSWER_CARRIERS;
    const bytes = new Uint8Array([1, 2, 3]);
    expect(await call.decode(call.encode(bytes))).toEqual(bytes);
  });

  test("streams the pieces of a call, and cancels them when the reader stops", async () => {
    const { call } = ANSWER_CARRIERS;
    let produced = 0;
    let isCancelled = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array([++produced]);
      } finally {
        isCancelled = true;
      }
    }
    const answer = await call.decode(call.encode(source()));
    if (answer instanceof Uint8Array) throw new Error("the answer is not streamed");
    for await (const piece of answer) if (piece[0] === 3) break;
    expect(isCancelled).toBe(true);
    expect(produced).toBeLessThan(6);
  });
});
