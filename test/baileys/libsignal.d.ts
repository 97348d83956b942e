declare module "libsignal/src/protobufs.js" {
  export const WhisperMessage: {
    decode(bytes: Uint8Array): { readonly ephemeralKey: Uint8Array; readonly counter: number };
  };
  export const PreKeyWhisperMessage: { decode(bytes: Uint8Array): { readonly message: Uint8Array } };
}
