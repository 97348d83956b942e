import { describe, expect, test } from "vitest";
import { Attachments } from "./attachments.ts";

class Left {
  readonly side = "left";
}

class Right {
  readonly side = "right";
}

describe("Attachments.of", () => {
  test("makes one part of each class", () => {
    const attachments = new Attachments();
    const left = attachments.of(Left, () => new Left());
    expect(attachments.of(Left, () => new Left())).toBe(left);
    expect(attachments.of(Right, () => new Right()).side).toBe("right");
  });

  test("attaches nothing when the part cannot be made", () => {
    const attachments = new Attachments();
    const fails = (): Left => {
      throw new RangeError("out of range");
    };
    expect(() => attachments.of(Left, fails)).toThrow(RangeError);
    expect(attachments.get(Left)).toBeUndefined();
  });
});

describe("Attachments.get", () => {
  test("creates no part", () => {
    const attachments = new Attachments();
    expect(attachments.get(Left)).toBeUndefined();
    const left = attachments.of(Left, () => new Left());
    expect(attachments.get(Left)).toBe(left);
  });
});
