/**
 * A key store in memory that keeps serialised values, as a file or database would. Changes of an object after
 * `set` or `get` do not reach the stored value.
 * @module
 */

import { BufferJSON, type SignalDataSet, type SignalDataTypeMap, type SignalKeyStore } from "baileys";

/** The store, with content that tests can access. */
export interface MemoryKeys extends SignalKeyStore {
  /** Serialised values by `type:id`. Tests may read and delete. */
  readonly records: Map<string, string>;
}

/** Creates an empty store. Each `set` is atomic. */
export function memoryKeys(): MemoryKeys {
  const records = new Map<string, string>();
  return {
    records,
    async get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]) {
      const found: { [id: string]: SignalDataTypeMap[T] } = {};
      for (const id of ids) {
        const record = records.get(`${type}:${id}`);
        if (record !== undefined) found[id] = JSON.parse(record, BufferJSON.reviver) as SignalDataTypeMap[T];
      }
      return found;
    },
    async set(data: SignalDataSet) {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values ?? {})) {
          if (value === null) records.delete(`${type}:${id}`);
          else records.set(`${type}:${id}`, JSON.stringify(value, BufferJSON.replacer));
        }
      }
    },
  };
}
