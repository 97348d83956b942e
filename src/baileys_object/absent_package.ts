/**
 * The packages for media that Baileys loads when it needs them: `sharp`, `jimp`, `audio-decode`,
 * `music-metadata` and `link-preview-js`. They use native code, Node's files or its network, so none of them
 * runs in a Durable Object, and `wrangler.toml` puts this function in their place. Baileys then sends the media
 * without a thumbnail, a duration, a waveform or a preview, as it does where they are not installed, and logs
 * this error.
 *
 * @throws {Error} Always.
 */
export function absentPackage(): never {
  throw new Error(
    "process media: sharp, jimp, audio-decode, music-metadata and link-preview-js do not run in a Durable " +
      "Object. Pass jpegThumbnail, seconds, waveform or linkPreview with the message",
  );
}

/** The class of `jimp`, as Baileys looks for it. */
export const absentJimp: { readonly read: () => never } = { read: absentPackage };
