/**
 * A backend over an account that a Holdfast service keeps.
 *
 * @module
 */
export { type RemoteBackendOptions, remoteBackend } from "./remote_backend.ts";
