import { boot, type FileDescriptorProtoBoot, type GenFile } from "@bufbuild/protobuf/codegenv2";

/** A `.proto` file as plain data: packages, messages, fields and enums, and nothing that these need not have. */
export type FileData = Omit<FileDescriptorProtoBoot, "name" | "package"> & {
  readonly name: string;
  readonly package: string;
};

/**
 * Describes a `.proto` file for the protobuf runtime. The runtime's own way is an encoded description, and to decode that it
 * needs the description of descriptions, which is larger than all of ours; from plain data it describes only that one file,
 * by its types. What it does not take from plain data, `tools/plain_descriptors.mjs` refuses.
 */
export function describeFile(file: FileData): GenFile {
  return boot(file as FileDescriptorProtoBoot);
}
