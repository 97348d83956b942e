/**
 * Why: protoc-gen-es describes a file to the protobuf runtime as an encoded `FileDescriptorProto`. To decode it the runtime loads the
 * description of all that a `.proto` file can say, which is larger than all descriptions of ours, and what a Worker loads is
 * bounded. So the second step of `npm run generate` writes the same descriptions as plain data, and refuses a file that says
 * something plain data has no room for: a oneof, proto3, an option, an import.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { isFieldSet, toBinary } from "@bufbuild/protobuf";
import { boot, fileDesc } from "@bufbuild/protobuf/codegenv2";
import {
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

/**
 * @typedef {import("@bufbuild/protobuf/wkt").DescriptorProto} DescriptorProto
 * @typedef {import("@bufbuild/protobuf/wkt").EnumDescriptorProto} EnumDescriptorProto
 * @typedef {import("@bufbuild/protobuf/wkt").FieldDescriptorProto} FieldDescriptorProto
 * @typedef {import("@bufbuild/protobuf/wkt").FileDescriptorProto} FileDescriptorProto
 * @typedef {import("@bufbuild/protobuf/codegenv2").FileDescriptorProtoBoot} FileData
 */

/** Folder of the generated files. */
export const GENERATED = "src/records/gen";

/** The import that the encoded form needs, and the expression that holds it. */
const IMPORT = /^import \{ (.*)\bfileDesc, (.*) \} from "@bufbuild\/protobuf\/codegenv2";$/m;
const ENCODED = /\bfileDesc\("([\w+/]+)"\)/;

/**
 * Rewrites every generated file.
 *
 * @param {string} folder of the generated files
 */
export function writePlainDescriptors(folder) {
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!entry.endsWith("_pb.ts")) continue;
    const path = join(folder, entry);
    writeFileSync(path, withPlainDescriptor(readFileSync(path, "utf8"), entry.split(sep).join("/")));
  }
}

/**
 * @param {string} text of a generated file, its description encoded
 * @param {string} path of the file below the folder of the generated ones
 * @returns {string} the same with plain data
 */
export function withPlainDescriptor(text, path) {
  const encoded = ENCODED.exec(text)?.[1];
  if (encoded === undefined || !IMPORT.test(text)) throw new Error(`${path}: no description without imports`);
  const { proto } = fileDesc(encoded);
  const data = fileData(proto);
  if (!sameProto(boot(data).proto, proto)) throw new Error(`${path}: says more than plain data has room for`);
  const describe = `${"../".repeat(path.split("/").length)}file_data.ts`;
  return text
    .replace(
      IMPORT,
      (_, before, after) =>
        `import { ${before}${after} } from "@bufbuild/protobuf/codegenv2";\nimport { describeFile } from "${describe}";`,
    )
    .replace(ENCODED, () => `describeFile(${JSON.stringify(data)})`);
}

/**
 * @param {FileDescriptorProto} one
 * @param {FileDescriptorProto} other
 */
function sameProto(one, other) {
  const encode = (/** @type {FileDescriptorProto} */ proto) => toBinary(FileDescriptorProtoSchema, proto);
  return Buffer.compare(encode(one), encode(other)) === 0;
}

/**
 * @param {FileDescriptorProto} proto
 * @returns {FileData}
 */
function fileData({ name, package: packageName, messageType, enumType }) {
  return /** @type {FileData} */ ({
    name,
    package: packageName,
    messageType: messageType.map(messageData),
    enumType: enumType.map(enumData),
  });
}

/**
 * @param {DescriptorProto} proto
 * @returns {FileData["messageType"][number]}
 */
function messageData({ name, field, nestedType, enumType }) {
  return {
    name,
    ...(field.length > 0 && { field: field.map(fieldData) }),
    ...(nestedType.length > 0 && { nestedType: nestedType.map(messageData) }),
    ...(enumType.length > 0 && { enumType: enumType.map(enumData) }),
  };
}

/**
 * @param {FieldDescriptorProto} proto
 * @returns {NonNullable<FileData["messageType"][number]["field"]>[number]}
 */
function fieldData(proto) {
  const { name, number, label, type, options } = proto;
  const { field } = FieldDescriptorProtoSchema;
  return {
    name,
    number,
    label,
    type,
    ...(isFieldSet(proto, field.typeName) && { typeName: proto.typeName }),
    ...(isFieldSet(proto, field.defaultValue) && { defaultValue: proto.defaultValue }),
    ...(options &&
      isFieldSet(options, FieldOptionsSchema.field.packed) && { options: { packed: options.packed } }),
  };
}

/**
 * @param {EnumDescriptorProto} proto
 * @returns {FileData["enumType"][number]}
 */
function enumData({ name, value }) {
  return { name, value: value.map(({ name, number }) => ({ name, number })) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writePlainDescriptors(GENERATED);
