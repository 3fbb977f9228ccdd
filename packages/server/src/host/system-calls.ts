/** Native functions of the process itself, as koffi finds them; main hands it in. */
export interface SystemCalls {
  load(library: null): { func(prototype: string): (...numbers: number[]) => number };
}
