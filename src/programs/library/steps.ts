/** Part of a program: what `yield*` carries out, and what it results in. */
import type { Operation } from "../../kernel/interface/program-image.ts";

export type Steps<Result = void> = Generator<Operation, Result, number>;
