/** A place in a list, for reading on from it. */
export interface ListNode<T> {
  readonly item: T;
  readonly next: ListNode<T> | null;
}

/** A list as who only reads it sees it. */
export interface ReadonlyList<T> {
  readonly first: ListNode<T> | null;
  readonly size: number;
}

interface Link<T> extends ListNode<T> {
  next: Link<T> | null;
  previous: Link<T> | null;
}

/** Appends, and takes out from anywhere, in constant time: what leaves the middle is free memory at once. */
export class LinkedList<T> implements ReadonlyList<T> {
  #first: Link<T> | null = null;
  #last: Link<T> | null = null;
  #size = 0;

  get first(): ListNode<T> | null {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): ListNode<T> {
    const link: Link<T> = { item, next: null, previous: this.#last };
    if (this.#last === null) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.#size += 1;
    return link;
  }

  /** Takes out a node that `push` of this list gave, once. */
  remove(node: ListNode<T>): void {
    const link = node as Link<T>;
    const { previous, next } = link;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    // An old node must not keep alive all who came after it.
    link.previous = null;
    link.next = null;
    this.#size -= 1;
  }
}
