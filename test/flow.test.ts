/** Flow of a region (src/exec/compile/flow.ts): on random graphs, irreducible ones among them, every edge finds where it goes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Flow, flowOf } from '../src/exec/compile/flow.ts';
import { Random, testSeed } from './support/random.ts';

interface Graph { readonly successors: readonly (readonly number[])[]; readonly entries: readonly number[] }

/** What RegionLowering opens and closes, without the code: places that end before a node, loops that begin at one. */
class Walk {
  readonly wrong: string[] = [];
  private readonly flow: Flow;
  private readonly graph: Graph;
  private readonly places = new Set<number>();
  private readonly loops = new Set<number>();
  private readonly written = new Set<number>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.flow = flowOf(graph.successors, graph.entries);
    const root = graph.successors.length, { dispatched } = this.flow;
    this.nested([...this.flow.children(root)], () => {
      for (const node of dispatched) if (!this.places.has(node)) this.wrong.push(`the dispatcher cannot go to ${node}`);
    });
    for (const node of graph.entries) if (!dispatched.includes(node)) this.wrong.push(`entry ${node} is not dispatched`);
    graph.successors.forEach((_, node) => { if (!this.written.has(node)) this.wrong.push(`${node} is not written`); });
  }
  /** Every one of `merges` has a place until it is written; the first is written first. */
  private nested(merges: readonly number[], inner: () => void): void {
    for (const node of merges) this.places.add(node);
    inner();
    for (const node of merges) { this.places.delete(node); this.tree(node); }
  }
  private tree(node: number): void {
    const { flow } = this;
    if (this.written.has(node)) { this.wrong.push(`${node} is written twice`); return; }
    this.written.add(node);
    const isLoop = flow.isLoop(node);
    if (isLoop) this.loops.add(node);
    this.nested(flow.children(node).filter(child => flow.isMerge(child)), () => {
      for (const to of this.graph.successors[node]!) this.edge(node, to);
    });
    if (isLoop) this.loops.delete(node);
  }
  private edge(from: number, to: number): void {
    const { flow } = this;
    if (flow.isBack(from, to)) { if (!this.loops.has(to)) this.wrong.push(`${from} to ${to}: no such loop is open`); }
    else if (flow.isDispatched(from, to)) { if (!flow.dispatched.includes(to)) this.wrong.push(`${from} to ${to}: not dispatched`); }
    else if (flow.isMerge(to)) { if (!this.places.has(to)) this.wrong.push(`${from} to ${to}: its place is not open`); }
    else if (flow.children(from).includes(to)) this.tree(to);
    else this.wrong.push(`${from} to ${to}: written under another`);
  }
}

/** Every node is reached from an entry. */
function randomGraph(random: Random): Graph {
  const count = 1 + random.below(14), density = 1 + random.below(3);
  const successors = Array.from({ length: count }, () => Array.from({ length: random.below(density + 1) }, () => random.below(count)));
  const entries = [0, ...Array.from({ length: random.below(3) }, () => random.below(count))], reached = new Set<number>();
  const visit = (node: number): void => { if (reached.has(node)) return; reached.add(node); for (const to of successors[node]!) visit(to); };
  for (const node of entries) visit(node);
  for (let node = 0; node < count; node++) if (!reached.has(node)) { entries.push(node); visit(node); }
  return { successors, entries: [...new Set(entries)] };
}

const GRAPHS = 3_000;
const flow = suite(`flow (seed ${testSeed()})`);
flow(`${GRAPHS} random graphs: every node is written once, every edge goes where it says`, () => {
  const random = new Random(testSeed());
  for (let k = 0; k < GRAPHS; k++) {
    const graph = randomGraph(random);
    assert.equal(new Walk(graph).wrong, [], JSON.stringify(graph));
  }
});
const KNOWN: readonly (readonly [string, Graph])[] = [
  ['one node that goes to itself', { successors: [[0]], entries: [0] }],
  ['a loop with two entries', { successors: [[1, 2], [2], [1, 3], []], entries: [0] }],
  ['two loops that share a body', { successors: [[1], [2], [1, 3], [0, 1]], entries: [0] }],
  ['a loop entered in its middle by the dispatcher', { successors: [[1], [2], [0]], entries: [0, 2] }],
  ['a branch to what follows it', { successors: [[1, 1], [2, 2], []], entries: [0] }],
  ['a diamond', { successors: [[1, 2], [3], [3], []], entries: [0] }],
];
for (const [name, graph] of KNOWN) flow(`${name}: every edge goes where it says`, () => assert.equal(new Walk(graph).wrong, []));
flow('a loop that is no other than its header is reached back directly, not by the dispatcher', () => {
  const { isBack, isDispatched } = flowOf([[1], [0, 2], []], [0]);
  assert.equal([isBack(1, 0), isDispatched(1, 0)], [true, false]);
});
flow.run();
