/**
 * A backend for an account that a Holdfast service stores.
 *
 * @module
 */
export { type RemoteBackendOptions, remoteBackend } from "../adapters/remote/mod.ts";
