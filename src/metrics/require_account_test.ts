import { expect, test } from "vitest";
import { accountsIn } from "./require_account.ts";

test("accountsIn refuses what holds no accounts, also bytes whose memory was given away", () => {
  const detached = new Uint8Array(8);
  structuredClone(detached, { transfer: [detached.buffer] });
  for (const accounts of [undefined, {}, 1, new Uint8Array(0), detached])
    expect(() => accountsIn("report memory", accounts as never)).toThrow(
      "report memory: the accounts are not a list, set or other iterable",
    );
});
