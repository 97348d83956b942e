/** Majors that have a folder in tools/nodes. */
export const NODE_MAJORS: readonly [22, 24];
export type NodeMajor = (typeof NODE_MAJORS)[number];
/** The major version of the running Node. */
export function ownMajor(): number;
/** The absolute path of an installed version, or `undefined` when it is not installed. */
export function installedNode(major: NodeMajor): string | undefined;
/** Installs a version if needed, and resolves with its absolute path. */
export function installNode(major: NodeMajor): Promise<string>;
/** A Node that wrangler runs on: the running one, or an installed one. */
export function nodeForWrangler(): string | undefined;
/** Like {@link nodeForWrangler}, but installs one if needed. */
export function installNodeForWrangler(): Promise<string>;
