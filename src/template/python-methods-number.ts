import type { Float } from "../vars/value.ts";
import { toDouble } from "./numbers.ts";
import { methods } from "./python-method.ts";

export const numberMethods = methods<number | bigint | Float>({
  bit_length: {
    parameters: [],
    run: (value) =>
      BigInt(Math.abs(toDouble(value)))
        .toString(2)
        .replace(/^0$/, "").length,
  },
  is_integer: { parameters: [], run: (value) => Number.isInteger(toDouble(value)) },
});
