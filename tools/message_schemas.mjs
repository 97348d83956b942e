/**
 * Why: `proto/` defines the stored messages. This writes their types and the schemas for src/protobuf: plain
 * data of a few kilobytes. The generated code of a protobuf runtime would need the runtime, a third of a
 * client's bundle. (That code is generated too, below test/, for comparison in tests.) It rejects features
 * that schemas do not support: a oneof, proto3, an import, an option, a list of texts.
 *
 * It is the second step of `npm run generate`.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { run } from "./lib/run.mjs";

/**
 * @typedef {import("@bufbuild/protobuf/wkt").DescriptorProto} DescriptorProto
 * @typedef {import("@bufbuild/protobuf/wkt").EnumDescriptorProto} EnumDescriptorProto
 * @typedef {import("@bufbuild/protobuf/wkt").FieldDescriptorProto} FieldDescriptorProto
 * @typedef {import("@bufbuild/protobuf/wkt").FileDescriptorProto} FileDescriptorProto
 */

/** Output folder. */
export const SCHEMAS = "src/records/gen";

/** @type {Partial<Record<Type, [kind: string, type: string]>>} */
const SCALARS = {
  [Type.BOOL]: ["bool", "boolean"],
  [Type.BYTES]: ["bytes", "Uint8Array"],
  [Type.DOUBLE]: ["double", "number"],
  [Type.FIXED64]: ["fixed64", "bigint"],
  [Type.INT32]: ["int32", "number"],
  [Type.INT64]: ["int64", "bigint"],
  [Type.STRING]: ["string", "string"],
  [Type.UINT32]: ["uint32", "number"],
  [Type.UINT64]: ["uint64", "bigint"],
  [Type.ENUM]: ["int32", "number"],
};

/** Parts of descriptors that schemas do not support. */
const FOREIGN = [
  "dependency",
  "extension",
  "extensionRange",
  "oneofDecl",
  "reservedName",
  "reservedRange",
  "service",
];

/**
 * Writes the schemas of all of `proto/`.
 *
 * @param {string} folder
 */
export async function writeMessageSchemas(folder) {
  const temporary = mkdtempSync(join(tmpdir(), "holdfast-schemas-"));
  try {
    const image = join(temporary, "image.binpb");
    const { code, output } = await run("buf", ["build", "--output", image]);
    if (code !== 0) throw new Error(output);
    mkdirSync(folder, { recursive: true });
    for (const file of fromBinary(FileDescriptorSetSchema, readFileSync(image)).file) {
      const name = file.name.slice(file.name.lastIndexOf("/") + 1).replace(/\.proto$/, ".ts");
      writeFileSync(join(folder, name), messageSchemas(file));
    }
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/**
 * The types and schemas of a file.
 *
 * @param {FileDescriptorProto} file
 * @returns {string} TypeScript
 */
export function messageSchemas(file) {
  refuseForeign(file, file.name);
  if (file.syntax !== "" && file.syntax !== "proto2") throw new Error(`${file.name}: not proto2`);
  const comments = commentsOf(file);
  const enums = file.enumType.map((type, i) => enumText(type, [5, i], comments));
  const messages = file.messageType.flatMap((type, i) => messageTexts(type, "", [4, i], { file, comments }));
  return [
    `// Generated from proto/${file.name} by \`npm run generate\`. Do not edit.`,
    'import type { Message, MessageSchema } from "../../protobuf/mod.ts";',
    ...enums,
    ...messages,
  ]
    .join("\n\n")
    .concat("\n");
}

/**
 * @typedef {object} Context
 * @property {FileDescriptorProto} file
 * @property {Map<string, string>} comments
 */

/**
 * @param {DescriptorProto} type
 * @param {string} parent prefix of the names of its inner messages
 * @param {number[]} path
 * @param {Context} context
 * @returns {string[]} the type and schema of the message, after those of its inner messages
 */
function messageTexts(type, parent, path, context) {
  const name = `${parent}${type.name}`;
  refuseForeign(type, name);
  if (type.enumType.length > 0) throw new Error(`${name}: an enum inside a message is not supported`);
  const inner = type.nestedType.flatMap((nested, i) =>
    messageTexts(nested, `${name}_`, [...path, 3, i], context),
  );
  const fields = [...type.field.entries()].sort(([, a], [, b]) => a.number - b.number);
  const members = fields.map(
    ([i, field]) =>
      `${docText(context.comments.get(String([...path, 2, i])), "  ")}  ${memberText(field, name, context)}`,
  );
  const rows = fields.map(([, field]) => `    ${rowText(field, name, context)},`);
  return [
    ...inner,
    [
      `${docText(context.comments.get(String(path)), "")}export interface ${name} extends Message {`,
      ...members,
      "}",
    ].join("\n"),
    [`export const ${name}Schema: MessageSchema<${name}> = {`, "  fields: [", ...rows, "  ],", "};"].join(
      "\n",
    ),
  ];
}

/**
 * @param {FieldDescriptorProto} field
 * @param {string} owner
 * @param {Context} context
 */
function memberText(field, owner, context) {
  const type = SCALARS[field.type]?.[1] ?? messageName(field, owner, context);
  if (field.label === Label.REPEATED) return `${field.jsonName}: ${type}[];`;
  return `${field.jsonName}?: ${type} | undefined;`;
}

/**
 * @param {FieldDescriptorProto} field
 * @param {string} owner
 * @param {Context} context
 */
function rowText(field, owner, context) {
  const where = `${owner}.${field.name}`;
  const { number, label, type } = field;
  refuseForeign(field, where);
  if (field.defaultValue !== "" || field.oneofIndex !== 0 || label === Label.REQUIRED) {
    throw new Error(`${where}: a default, a oneof or a required field is not supported`);
  }
  const scalar = SCALARS[type]?.[0];
  if (label === Label.REPEATED && scalar !== undefined && field.options?.packed !== true) {
    throw new Error(`${where}: a list of ${scalar} is not packed`);
  }
  const kind = scalar === undefined ? `() => ${messageName(field, owner, context)}Schema` : `"${scalar}"`;
  const repeated = label === Label.REPEATED ? ", repeated: true" : "";
  return `{ number: ${number}, name: "${field.jsonName}", kind: ${kind}${repeated} }`;
}

/**
 * @param {FieldDescriptorProto} field
 * @param {string} owner
 * @param {Context} context
 */
function messageName(field, owner, { file }) {
  const prefix = `.${file.package}.`;
  if (field.type !== Type.MESSAGE || !field.typeName.startsWith(prefix)) {
    throw new Error(`${owner}.${field.name}: the type is not supported`);
  }
  return field.typeName.slice(prefix.length).replaceAll(".", "_");
}

/**
 * @param {EnumDescriptorProto} type
 * @param {number[]} path
 * @param {Map<string, string>} comments
 */
function enumText(type, path, comments) {
  refuseForeign(type, type.name);
  const values = type.value.map(({ name, number }) => `  ${name}: ${number},`);
  return [
    `${docText(comments.get(String(path)), "")}export const ${type.name} = {`,
    ...values,
    "} as const;",
  ].join("\n");
}

/**
 * Rejects unsupported parts, and every option but `packed`.
 *
 * @param {object} descriptor
 * @param {string} what
 */
function refuseForeign(descriptor, what) {
  const isThere = (/** @type {unknown} */ value) => !Array.isArray(value) || value.length > 0;
  for (const [part, value] of Object.entries(descriptor)) {
    const options = part === "options" ? Object.entries(value ?? {}) : [];
    const hasOption = options.some(
      ([name, option]) => !["packed", "$typeName"].includes(name) && isThere(option),
    );
    if (hasOption || (FOREIGN.includes(part) && isThere(value)))
      throw new Error(`${what}: ${part} is not supported`);
  }
}

/**
 * @param {FileDescriptorProto} file
 * @returns {Map<string, string>} comment by path
 */
function commentsOf(file) {
  const locations = file.sourceCodeInfo?.location ?? [];
  return new Map(locations.map(({ path, leadingComments }) => [String(path), leadingComments]));
}

/**
 * @param {string | undefined} comment
 * @param {string} indent
 */
function docText(comment, indent) {
  const lines = (comment ?? "")
    .trimEnd()
    .split("\n")
    .map((line) => line.trim());
  if (lines[0] === "" && lines.length === 1) return "";
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */\n`].join(
    "\n",
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeMessageSchemas(SCHEMAS);
