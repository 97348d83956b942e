import { expect, test } from "vitest";
import { CorruptError } from "../../errors/mod.ts";
import { decodeDevices, decodeIndexValues, encodeDevices, encodeIndexValues } from "./codec.ts";

test("devices come back in their order, with and without their optional parts", () => {
  const devices = [
    { deviceId: 0 },
    { deviceId: 7, keyIndex: 0 },
    { deviceId: 0xffff_ffff, keyIndex: 0xffff_ffff, isHosted: true },
    { deviceId: 2, isHosted: false },
  ];
  expect(decodeDevices(encodeDevices(devices))).toEqual(devices);
  expect(decodeDevices(encodeDevices([]))).toEqual([]);
});

test("a number that does not fit is the caller's mistake", () => {
  for (const keyIndex of [-1, 1.5, 2 ** 32, Number.NaN]) {
    expect(() => encodeDevices([{ deviceId: 1, keyIndex }])).toThrow(RangeError);
  }
});

test("bytes that are no devices are corrupt", () => {
  expect(() => decodeDevices(new Uint8Array([0xff]))).toThrow(CorruptError);
  // A device without an id.
  expect(() => decodeDevices(new Uint8Array([0x12, 0x02, 0x10, 0x05]))).toThrow(CorruptError);
});

test("index values come back in their order, whatever their names", () => {
  const values = new Map([
    ["b", new Uint8Array([1])],
    ["a", new Uint8Array(0)],
    ["__proto__", new Uint8Array([2])],
    ["é😀", new Uint8Array([3])],
  ]);
  const read = decodeIndexValues(encodeIndexValues(values));
  expect([...read]).toEqual([...values]);
  expect(() => decodeIndexValues(new Uint8Array([0x1a, 0x05]))).toThrow(CorruptError);
});
