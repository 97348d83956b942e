/**
 * Takes the place of `sharp`, `jimp`, `audio-decode`, `music-metadata` and `link-preview-js` inside a Durable
 * Object, by aliases of `wrangler.toml`. Each fails with a message when Baileys calls it. This subpath is on npm only,
 * because only that platform needs it.
 *
 * @module
 */
export {
  absentJimp as Jimp,
  absentPackage as default,
  absentPackage as getLinkPreview,
  absentPackage as parseBuffer,
  absentPackage as parseFile,
  absentPackage as parseStream,
} from "../baileys_object/mod.ts";
