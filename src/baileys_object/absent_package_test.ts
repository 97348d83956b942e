import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import media, {
  getLinkPreview,
  Jimp,
  parseBuffer,
  parseFile,
  parseStream,
} from "../exports/baileys_object_media.ts";

const MESSAGE = /^process media: sharp, jimp, audio-decode, music-metadata and link-preview-js do not run/;

describe("@holdfast/store/baileys-object/media", () => {
  test.each([
    ["the default export", media],
    ["getLinkPreview", getLinkPreview],
    ["Jimp.read", Jimp.read],
    ["parseBuffer", parseBuffer],
    ["parseFile", parseFile],
    ["parseStream", parseStream],
  ])("fails with a message when Baileys calls %s", (_name, call) => {
    expect(call).toThrow(MESSAGE);
  });

  // What Baileys looks for in the packages, and how.
  test("has the members that Baileys looks for", () => {
    const source = ["messages-media", "link-preview"]
      .map((name) => readFileSync(`node_modules/baileys/lib/Utils/${name}.js`, "utf8"))
      .join();
    expect(source).toContain("typeof lib.sharp?.default === 'function'");
    expect(source).toContain("typeof lib.jimp?.Jimp === 'object'");
    expect(source).toContain("const { default: decoder } = await import('audio-decode')");
    expect(source).toContain("const musicMetadata = await import('music-metadata')");
    for (const parse of ["parseBuffer", "parseFile", "parseStream"])
      expect(source).toContain(`await musicMetadata.${parse}(`);
    expect(source).toContain("const { getLinkPreview } = await import('link-preview-js')");
    expect([typeof media, typeof Jimp, typeof getLinkPreview]).toEqual(["function", "object", "function"]);
  });
});
