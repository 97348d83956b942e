/** Written by the bundler. In the sources of the project it is not set. */
declare const HOLDFAST_VERSION: string | undefined;

/** Whether the program runs from its bundle, `dist/holdfast.mjs`. */
export const IS_BUNDLED: boolean = typeof HOLDFAST_VERSION === "string";

/** Release of the package. */
export const VERSION: string = typeof HOLDFAST_VERSION === "string" ? HOLDFAST_VERSION : "0.0.0-source";
