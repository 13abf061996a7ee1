/**
 * The shape of a region: its nodes in reverse postorder, who dominates whom, and where loops begin (Cooper, Harvey, Kennedy, "A Simple, Fast
 * Dominance Algorithm"; Ramsey, "Beyond Relooper"). Knows numbers and edges only.
 */
import { assert } from '../../base/assert.ts';

export interface Flow {
  /** Nodes but the dispatcher, by their place in reverse postorder. */
  readonly order: readonly number[];
  /** The nodes a node dominates immediately, in reverse postorder. */
  readonly children: (node: number) => readonly number[];
  /** Nodes the dispatcher goes to: the entries, and targets of jumps back into what is no loop. */
  readonly dispatched: readonly number[];
  /** Whether the edge goes back to a loop that contains its source. */
  isBack(from: number, to: number): boolean;
  /** Whether the edge has to go by the dispatcher. */
  isDispatched(from: number, to: number): boolean;
  isLoop(node: number): boolean;
  /** Whether a node lies in the loop that begins at another. */
  isInLoop(loop: number, node: number): boolean;
  /** Whether several edges meet here, so that it needs a place of its own. */
  isMerge(node: number): boolean;
}

/**
 * @param successors by node, numbered from 0, as often as an edge is written: a node that only one edge goes to is written in its place. Every node
 * is reached from an entry. The dispatcher is the node after the last.
 */
export function flowOf(successors: readonly (readonly number[])[], entries: readonly number[]): Flow {
  const count = successors.length, dispatched = new Set(entries);
  for (;;) {
    const flow = analyse(successors, count, [...dispatched]);
    if (flow.strays.length === 0) return flow.flow;
    for (const node of flow.strays) dispatched.add(node);
  }
}

function analyse(successors: readonly (readonly number[])[], count: number, dispatched: readonly number[]): { readonly flow: Flow; readonly strays: readonly number[] } {
  const root = count;
  const next = (node: number): readonly number[] => node === root ? dispatched : successors[node]!;
  const order = reversePostorder(root, next), place = new Int32Array(count + 1).fill(-1);
  order.forEach((node, k) => { place[node] = k; });
  assert(order.length === count + 1, 'a node of the region that no entry reaches');

  // An edge that goes back to a node the dispatcher reaches directly, without passing it, is the dispatcher's.
  const predecessors: number[][] = Array.from({ length: count + 1 }, () => []);
  for (const node of order) for (const to of next(node)) predecessors[to]!.push(node);
  const dominator = dominatorsOf(order, place, predecessors);
  const dominates = (a: number, b: number): boolean => {
    let n = b;
    while (place[n]! > place[a]!) n = dominator[n]!;
    return n === a;
  };
  const retreats = (from: number, to: number): boolean => from !== root && place[to]! <= place[from]!;
  const isDispatchedNode = new Set(dispatched);
  const isBack = (from: number, to: number): boolean => retreats(from, to) && dominates(to, from);
  const isDispatched = (from: number, to: number): boolean => retreats(from, to) && !dominates(to, from);
  const loops = new Set<number>(), strays = new Set<number>(), forward = new Int32Array(count + 1);
  for (const node of order) for (const to of next(node)) {
    if (isBack(node, to)) loops.add(to);
    else if (isDispatched(node, to)) { if (!isDispatchedNode.has(to)) strays.add(to); } else forward[to] += 1;
  }
  /** Along edges that do not leave what the loop dominates. */
  const goesBack = (loop: number, from: number): boolean => {
    const seen = new Set<number>();
    const visit = (node: number): boolean => {
      if (seen.has(node)) return false;
      seen.add(node);
      return next(node).some(to => to === loop || (dominates(loop, to) && visit(to)));
    };
    return visit(from);
  };
  const below: number[][] = Array.from({ length: count + 1 }, () => []);
  for (const node of order) if (node !== root) below[dominator[node]!]!.push(node);
  return {
    strays: [...strays],
    flow: {
      order: order.slice(1), dispatched, isBack, isDispatched,
      children: node => below[node]!, isLoop: node => loops.has(node), isInLoop: (loop, node) => dominates(loop, node) && goesBack(loop, node), isMerge: node => forward[node]! > 1 || isDispatchedNode.has(node),
    },
  };
}

function reversePostorder(root: number, next: (node: number) => readonly number[]): number[] {
  const seen = new Set<number>(), order: number[] = [];
  const visit = (node: number): void => {
    seen.add(node);
    for (const to of next(node)) if (!seen.has(to)) visit(to);
    order.push(node);
  };
  visit(root);
  return order.reverse();
}
function dominatorsOf(order: readonly number[], place: Int32Array, predecessors: readonly (readonly number[])[]): Int32Array {
  const dominator = new Int32Array(order.length).fill(-1), root = order[0]!;
  dominator[root] = root;
  const common = (a: number, b: number): number => {
    while (a !== b) { while (place[a]! > place[b]!) a = dominator[a]!; while (place[b]! > place[a]!) b = dominator[b]!; }
    return a;
  };
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    for (const node of order) {
      if (node === root) continue;
      let best = -1;
      for (const from of predecessors[node]!) if (dominator[from] !== -1) best = best === -1 ? from : common(from, best);
      if (dominator[node] !== best) { dominator[node] = best; isChanged = true; }
    }
  }
  return dominator;
}
