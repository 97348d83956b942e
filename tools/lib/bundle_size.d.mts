export function gzippedBytes(entryPoint: string, external?: readonly string[]): Promise<number>;
