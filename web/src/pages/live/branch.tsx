// A branch of the topic tree: every topic below it with its newest message, busiest first if wanted.

import { useState } from "preact/hooks";
import { compact, plural } from "../../lib/format";
import { beat } from "../../lib/live";
import { link } from "../../lib/route";
import { ago } from "../../lib/time";
import { kTopicsMax, leavesOf, type TopicNode } from "../../lib/topics";
import { Segments } from "../../ui/parts";
import { Breadcrumb } from "./breadcrumb";

const kShownMax = 200;
type Order = "name" | "busy" | "recent";
const kOrders: [Order, string][] = [
  ["name", "Name"],
  ["busy", "Busiest"],
  ["recent", "Newest"],
];

export function BranchView({ node }: { node: TopicNode }) {
  beat.value; // the tree changes in place; only this tells
  const [order, setOrder] = useState<Order>("name");
  const leaves = leavesOf(node, kTopicsMax);
  if (order === "busy") leaves.sort((a, b) => b.count - a.count);
  if (order === "recent") leaves.sort((a, b) => b.last!.time - a.last!.time);
  const now = Date.now();
  return (
    <div class="detail-inner">
      <header class="detail-head">
        <div>
          <Breadcrumb node={node} />
          <p>
            {plural(node.topics, "topic")}, {plural(node.total, "message")}
          </p>
        </div>
        <Segments label="Order" value={order} choices={kOrders} onChange={setOrder} />
      </header>
      <div class="panel">
        <table class="table branch-table">
          <thead>
            <tr>
              <th scope="col">Topic</th>
              <th scope="col">Newest message</th>
              <th scope="col" class="number">
                Messages
              </th>
              <th scope="col" class="number wide-only">
                Seen
              </th>
            </tr>
          </thead>
          <tbody>
            {leaves.slice(0, kShownMax).map((leaf) => (
              <tr key={leaf.topic}>
                <td>
                  <a href={link("live", { topic: leaf.topic })}>{relative(node, leaf)}</a>
                </td>
                <td>
                  <code class="one-line">{leaf.last?.payload ?? "binary"}</code>
                </td>
                <td class="number">{compact(leaf.count)}</td>
                <td class="number wide-only">{ago(leaf.last!.time, now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {leaves.length > kShownMax && (
          <p class="table-foot">
            Showing {kShownMax} of {plural(leaves.length, "topic")}. Search to find others.
          </p>
        )}
      </div>
    </div>
  );
}

function relative(node: TopicNode, leaf: TopicNode): string {
  if (node.depth < 0) return leaf.topic;
  return leaf === node ? "(this topic)" : leaf.topic.slice(node.topic.length + 1);
}
