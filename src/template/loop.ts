import { Undefined, type Value } from "../vars/value.ts";
import { equals } from "./compare.ts";
import { badValue } from "./errors.ts";
import { type CallArguments, Callable, makeTuple, NativeFunction } from "./objects.ts";

/** The `loop` of a `for`. */
export class LoopState extends Callable {
  readonly label = "loop";
  readonly #items: readonly Value[];
  readonly #depth: number;
  readonly #recurse: ((items: Value, depth: number) => Value) | undefined;
  #index = 0;
  #watched: Value | undefined;

  constructor(items: readonly Value[], depth: number, recurse: ((items: Value, depth: number) => Value) | undefined) {
    super();
    this.#items = items;
    this.#depth = depth;
    this.#recurse = recurse;
  }

  moveTo(index: number): void {
    this.#index = index;
  }

  override call({ positional }: CallArguments): Value {
    const [items] = positional;
    if (this.#recurse === undefined) return badValue('loop() needs a loop that is marked "recursive"');
    return items === undefined ? badValue("loop() needs the items of the inner loop") : this.#recurse(items, this.#depth + 1);
  }

  override get(key: string): Value | undefined {
    const index = this.#index;
    const { length } = this.#items;
    switch (key) {
      case "index":
        return index + 1;
      case "index0":
        return index;
      case "revindex":
        return length - index;
      case "revindex0":
        return length - index - 1;
      case "first":
        return index === 0;
      case "last":
        return index === length - 1;
      case "length":
        return length;
      case "depth":
        return this.#depth + 1;
      case "depth0":
        return this.#depth;
      case "previtem":
        return index === 0 ? new Undefined("loop.previtem", "undefined", "there is no previous item") : this.#items[index - 1];
      case "nextitem":
        return index === length - 1
          ? new Undefined("loop.nextitem", "undefined", "there is no next item")
          : this.#items[index + 1];
      case "cycle":
        return new NativeFunction("cycle", ({ positional }) =>
          positional.length === 0 ? badValue("no items for cycling given") : (positional[index % positional.length] ?? null),
        );
      case "changed":
        return new NativeFunction("changed", ({ positional }) => {
          const now = makeTuple(positional);
          const changed = this.#watched === undefined || !equals(this.#watched, now);
          this.#watched = now;
          return changed;
        });
      default:
        return undefined;
    }
  }

  override keys(): Iterable<string> {
    return [
      "index",
      "index0",
      "revindex",
      "revindex0",
      "first",
      "last",
      "length",
      "depth",
      "depth0",
      "previtem",
      "nextitem",
      "cycle",
      "changed",
    ];
  }
}
