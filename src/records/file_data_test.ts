import { readdirSync } from "node:fs";
import { create, type DescFile, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import { fileDesc } from "@bufbuild/protobuf/codegenv2";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { describeFile } from "./file_data.ts";
import { ADVKeyIndexListSchema, file_holdfast_v1_adv } from "./gen/holdfast/v1/adv_pb.ts";
import { file_holdfast_v1_app_state } from "./gen/holdfast/v1/app_state_pb.ts";
import { file_holdfast_v1_device_list } from "./gen/holdfast/v1/device_list_pb.ts";
import { file_holdfast_v1_device } from "./gen/holdfast/v1/device_pb.ts";
import { file_holdfast_v1_plain_value } from "./gen/holdfast/v1/plain_value_pb.ts";
import { file_holdfast_v1_pre_key } from "./gen/holdfast/v1/pre_key_pb.ts";
import { file_holdfast_v1_signal_storage } from "./gen/holdfast/v1/signal_storage_pb.ts";

const FILES: readonly DescFile[] = [
  file_holdfast_v1_adv,
  file_holdfast_v1_app_state,
  file_holdfast_v1_device,
  file_holdfast_v1_device_list,
  file_holdfast_v1_plain_value,
  file_holdfast_v1_pre_key,
  file_holdfast_v1_signal_storage,
];

/** The same file, described in the runtime's own way. */
function encodedForm(file: DescFile): DescFile {
  return fileDesc(base64Encode(toBinary(FileDescriptorProtoSchema, file.proto), "std_raw"));
}

/**
 * All that a file, a type, a field or a value says of itself: whatever members it has, so that none is forgotten. What it
 * refers to is named, and the default is made. Its source is compared as bytes.
 */
function facts(desc: object): Record<string, unknown> {
  const { proto: _, getDefaultValue, ...members } = desc as Record<string, unknown>;
  const plain = Object.fromEntries(Object.entries(members).map(([name, member]) => [name, fact(member)]));
  return typeof getDefaultValue === "function" ? { ...plain, default: getDefaultValue() } : plain;
}

function fact(member: unknown): unknown {
  if (typeof member === "function") return "function";
  if (Array.isArray(member)) return member.map(fact);
  if (typeof member !== "object" || member === null) return member;
  if ("kind" in member) return String(member);
  return Object.fromEntries(Object.entries(member).map(([name, value]) => [name, fact(value)]));
}

/** The file, and below it every message with its fields, and every enum with its values. */
function allFacts(file: DescFile): unknown[] {
  const all: object[] = [file];
  for (const type of nestedTypes(file)) {
    all.push(type);
    if (type.kind === "message") all.push(...type.fields, ...type.members);
    if (type.kind === "enum") all.push(...type.values);
  }
  return all.map(facts);
}

test("every generated file is compared", () => {
  const generated = readdirSync(new URL("gen/holdfast/v1", import.meta.url));
  const compared = FILES.map(({ name }) => `${name}_pb.ts`.replace("holdfast/v1/", ""));
  expect(compared.sort()).toEqual(generated.sort());
});

test.each(FILES.map((file) => [file.name, file] as const))(
  "%s is described as the encoded form describes it",
  (_, file) => {
    const expected = encodedForm(file);
    expect(toBinary(FileDescriptorProtoSchema, file.proto)).toEqual(
      toBinary(FileDescriptorProtoSchema, expected.proto),
    );
    expect(allFacts(file)).toEqual(allFacts(expected));
  },
);

test("the facts compared are those of proto2", () => {
  const of = (name: string) => facts(ADVKeyIndexListSchema.field[name as "rawId"]);
  expect(of("rawId")).toMatchObject({
    number: 1,
    fieldKind: "scalar",
    presence: 1,
    jsonName: "rawId",
    utf8Validation: false,
  });
  expect(of("validIndexes")).toMatchObject({ fieldKind: "list", listKind: "scalar", packed: true });
  expect(of("accountType")).toMatchObject({ fieldKind: "enum", enum: "enum holdfast.v1.ADVEncryptionType" });
  const [enumeration] = file_holdfast_v1_adv.enums;
  expect(facts(enumeration ?? {})).toMatchObject({ open: false });
});

test("defaults, required fields, names for JSON and lists that are not packed are kept", () => {
  const file = describeFile({
    name: "test.proto",
    package: "test",
    messageType: [
      {
        name: "Message",
        field: [
          { name: "needed", number: 1, label: 2, type: 12 },
          { name: "a_number", number: 2, label: 1, type: 5, defaultValue: "-7" },
          { name: "numbers", number: 3, label: 3, type: 13 },
          { name: "packed_numbers", number: 4, label: 3, type: 13, options: { packed: true } },
          {
            name: "kind",
            number: 5,
            label: 1,
            type: 14,
            typeName: ".test.Message.Kind",
            defaultValue: "TWO",
          },
        ],
        enumType: [
          {
            name: "Kind",
            value: [
              { name: "ONE", number: 1 },
              { name: "TWO", number: 2 },
            ],
          },
        ],
      },
    ],
    enumType: [],
  });
  const expected = encodedForm(file);
  expect(allFacts(file)).toEqual(allFacts(expected));
  const [message, twin] = [file, expected].map(({ messages }) => messages[0] as DescMessage);
  if (message === undefined || twin === undefined) throw new Error("no message");
  const input = { needed: Uint8Array.of(1), aNumber: 0, numbers: [1, 300], packedNumbers: [1, 300] };
  const bytes = toBinary(message, create(message, input));
  expect(bytes).toEqual(toBinary(twin, create(twin, input)));
  expect(bytes.join()).toBe("10,1,1,16,0,24,1,24,172,2,34,3,1,172,2");
  // A value that a closed enum does not have is an unknown field, and so is field 9.
  const foreign = Uint8Array.of(...bytes, 40, 3, 72, 1);
  const decoded = fromBinary(message, foreign);
  expect(decoded).toMatchObject({ aNumber: 0, kind: 2 });
  expect(toBinary(message, decoded)).toEqual(toBinary(twin, fromBinary(twin, foreign)));
  expect(() => toBinary(message, create(message))).toThrow("required");
});
