import { create, toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { withPlainDescriptor } from "./plain_descriptors.mjs";

/** @typedef {import("@bufbuild/protobuf").MessageInitShape<typeof FileDescriptorProtoSchema>} FileInit */

const field = { name: "a_field", number: 1, label: 1, type: 5 };

/**
 * A file as protoc-gen-es generates it.
 *
 * @param {FileInit} init
 */
function generated(init) {
  const proto = create(FileDescriptorProtoSchema, { name: "a/b.proto", package: "a", ...init });
  const encoded = base64Encode(toBinary(FileDescriptorProtoSchema, proto), "std_raw");
  return [
    'import type { GenFile } from "@bufbuild/protobuf/codegenv2";',
    'import { fileDesc, messageDesc } from "@bufbuild/protobuf/codegenv2";',
    `export const file_a_b: GenFile = /*@__PURE__*/ fileDesc("${encoded}");`,
  ].join("\n");
}

test("the description becomes plain data", () => {
  const text = generated({ messageType: [{ name: "Message", field: [field] }] });
  expect(withPlainDescriptor(text, "a/b_pb.ts").split("\n")).toEqual([
    'import type { GenFile } from "@bufbuild/protobuf/codegenv2";',
    'import { messageDesc } from "@bufbuild/protobuf/codegenv2";',
    'import { describeFile } from "../../file_data.ts";',
    "export const file_a_b: GenFile = /*@__PURE__*/ describeFile(" +
      '{"name":"a/b.proto","package":"a","messageType":[{"name":"Message",' +
      '"field":[{"name":"a_field","number":1,"label":1,"type":5}]}],"enumType":[]});',
  ]);
});

/** @type {[string, FileInit][]} */
const FOREIGN = [
  [
    "a oneof",
    { messageType: [{ name: "M", oneofDecl: [{ name: "o" }], field: [{ ...field, oneofIndex: 0 }] }] },
  ],
  ["proto3", { syntax: "proto3", messageType: [{ name: "M", field: [field] }] }],
  ["an option of the file", { options: { deprecated: true } }],
  ["an option of a message", { messageType: [{ name: "M", options: { deprecated: true } }] }],
  [
    "an option of a field",
    { messageType: [{ name: "M", field: [{ ...field, options: { deprecated: true } }] }] },
  ],
  ["a name for JSON", { messageType: [{ name: "M", field: [{ ...field, jsonName: "other" }] }] }],
  ["a reserved number", { messageType: [{ name: "M", reservedRange: [{ start: 1, end: 2 }] }] }],
  ["an alias in an enum", { enumType: [{ name: "E", options: { allowAlias: true } }] }],
  ["an extension", { messageType: [{ name: "M", extension: [{ ...field, extendee: ".a.M" }] }] }],
  ["a service", { service: [{ name: "S" }] }],
];

test.each(FOREIGN)("%s is refused, not lost", (_, init) => {
  expect(() => withPlainDescriptor(generated(init), "a/b_pb.ts")).toThrow(
    "more than plain data has room for",
  );
});

test("an import is refused, and so is a file that is written already", () => {
  const text = generated({ messageType: [{ name: "Message", field: [field] }] });
  const written = withPlainDescriptor(text, "a/b_pb.ts");
  expect(() => withPlainDescriptor(written, "a/b_pb.ts")).toThrow("no description");
  const importing = text.replace('");', '", [file_c]);');
  expect(() => withPlainDescriptor(importing, "a/b_pb.ts")).toThrow("no description");
});
