/**
 * An account that a Holdfast service keeps, used from anywhere.
 *
 * @module
 */
export { type RemoteBackendOptions, remoteBackend } from "../adapters/remote/mod.ts";
