import { describe, expect, test } from "vitest";
import { parseCommands } from "./device_commands.ts";
import { RequestError } from "./request_error.ts";

const parse = (command: unknown) => parseCommands({ commands: [command] })[0];

describe("parseCommands", () => {
  test("reads base64, and takes null as a cleared field", () => {
    expect(parse({ kind: "setNctSalt", nctSalt: "AQI=" })).toEqual({
      kind: "setNctSalt",
      nctSalt: new Uint8Array([1, 2]),
    });
    expect(parse({ kind: "setNctSalt", nctSalt: null })).toEqual({ kind: "setNctSalt", nctSalt: undefined });
  });

  test.each([
    [{ kind: "setNctSalt" }, "read commands: command 0: nctSalt is missing"],
    [{ kind: "setNctSalt", nctSalt: "?" }, "nctSalt is not a Uint8Array"],
    [{ kind: "setPushName", pushName: null }, "pushName is not a string"],
    [{ kind: "setDeviceProps", deviceProps: { os: null } }, "deviceProps.os is not a string"],
    [{ kind: "setDeviceProps", deviceProps: { secret: 1 } }, "deviceProps is not an object"],
    [{ kind: "setPushName", pushName: "Ada", secret: 1 }, "read commands: command 0: the body is malformed"],
    [{ kind: "setSignedPreKey" }, "signedPreKey is missing"],
    [{ kind: "toString" }, "read commands: command 0 has no known kind"],
    [["setPushName"], "has no known kind"],
  ])("refuses %j", (command, message) => {
    expect(() => parse(command)).toThrow(RequestError);
    expect(() => parse(command)).toThrow(message);
  });

  test.each([[{ commands: [] }], [{}], [null], ["commands"], [{ commands: [{}], more: 1 }]])(
    "refuses the body %j",
    (body) => {
      expect(() => parseCommands(body)).toThrow("expected a list of 1 to 100 commands");
    },
  );
});
