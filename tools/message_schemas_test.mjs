import { create } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { messageSchemas } from "./message_schemas.mjs";

/** @typedef {import("@bufbuild/protobuf").MessageInitShape<typeof FileDescriptorProtoSchema>} FileInit */

const field = { name: "a_field", jsonName: "aField", number: 1, label: 1, type: 5 };

/** @param {FileInit} init */
function written(init) {
  return messageSchemas(create(FileDescriptorProtoSchema, { name: "a/b.proto", package: "a", ...init }));
}

describe("messageSchemas", () => {
  test("writes types and schemas with fields in numeric order", () => {
    const text = written({
      messageType: [
        {
          name: "Outer",
          nestedType: [{ name: "Inner", field: [{ ...field, type: 4 }] }],
          field: [
            { name: "list", jsonName: "list", number: 300, label: 3, type: 11, typeName: ".a.Outer.Inner" },
            { ...field, number: 2, label: 3, options: { packed: true } },
            { ...field, name: "key", jsonName: "key", type: 12 },
          ],
        },
      ],
      enumType: [{ name: "Kind", value: [{ name: "NONE", number: 0 }] }],
      sourceCodeInfo: { location: [{ path: [4, 0, 2, 2], leadingComments: " 32 bytes.\n" }] },
    });
    expect(text.split("\n").slice(4)).toEqual([
      "export const Kind = {",
      "  NONE: 0,",
      "} as const;",
      "",
      "export interface Outer_Inner extends Message {",
      "  aField?: bigint | undefined;",
      "}",
      "",
      "export const Outer_InnerSchema: MessageSchema<Outer_Inner> = {",
      "  fields: [",
      '    { number: 1, name: "aField", kind: "uint64" },',
      "  ],",
      "};",
      "",
      "export interface Outer extends Message {",
      "  /** 32 bytes. */",
      "  key?: Uint8Array | undefined;",
      "  aField: number[];",
      "  list: Outer_Inner[];",
      "}",
      "",
      "export const OuterSchema: MessageSchema<Outer> = {",
      "  fields: [",
      '    { number: 1, name: "key", kind: "bytes" },',
      '    { number: 2, name: "aField", kind: "int32", repeated: true },',
      '    { number: 300, name: "list", kind: () => Outer_InnerSchema, repeated: true },',
      "  ],",
      "};",
      "",
    ]);
  });

  /** @type {[string, FileInit][]} */
  const foreign = [
    [
      "a oneof",
      { messageType: [{ name: "M", oneofDecl: [{ name: "o" }], field: [{ ...field, oneofIndex: 0 }] }] },
    ],
    ["proto3", { syntax: "proto3", messageType: [{ name: "M", field: [field] }] }],
    ["an import", { dependency: ["c.proto"] }],
    ["an option of the file", { options: { deprecated: true } }],
    ["an option of a message", { messageType: [{ name: "M", options: { deprecated: true } }] }],
    [
      "an option of a field",
      { messageType: [{ name: "M", field: [{ ...field, options: { deprecated: true } }] }] },
    ],
    ["an option of an enum", { enumType: [{ name: "E", options: { allowAlias: true } }] }],
    ["an enum inside a message", { messageType: [{ name: "M", enumType: [{ name: "E" }] }] }],
    ["a reserved number", { messageType: [{ name: "M", reservedRange: [{ start: 1, end: 2 }] }] }],
    ["an extension", { messageType: [{ name: "M", extension: [{ ...field, extendee: ".a.M" }] }] }],
    ["a service", { service: [{ name: "S" }] }],
    ["a default", { messageType: [{ name: "M", field: [{ ...field, defaultValue: "1" }] }] }],
    ["a required field", { messageType: [{ name: "M", field: [{ ...field, label: 2 }] }] }],
    ["a list that is not packed", { messageType: [{ name: "M", field: [{ ...field, label: 3 }] }] }],
    ["an unused kind", { messageType: [{ name: "M", field: [{ ...field, type: 17 }] }] }],
    [
      "a message of another package",
      { messageType: [{ name: "M", field: [{ ...field, type: 11, typeName: ".b.M" }] }] },
    ],
  ];

  test.each(foreign)("rejects %s", (_, init) => {
    expect(() => written(init)).toThrow(/b\.proto|\bM\b|\bE\b/);
  });
});
