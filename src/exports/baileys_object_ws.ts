/**
 * Baileys' connection inside a Durable Object: takes the place of the package `ws` by an alias of
 * `wrangler.toml`. This subpath is on npm only, because it runs on one platform.
 *
 * @module
 */
export { ObjectWebSocket as default } from "../baileys_object/mod.ts";
