import { link } from "../../lib/route";
import type { TopicNode } from "../../lib/topics";
import { Icon } from "../../ui/icons";

export function Breadcrumb({ node }: { node: TopicNode }) {
  const path: TopicNode[] = [];
  for (let at: TopicNode | null = node; at !== null && at.depth >= 0; at = at.parent)
    path.unshift(at);
  if (path.length === 0) return <h2 class="crumbs">All topics</h2>;
  return (
    <h2 class="crumbs">
      <a
        class="button quiet small icon narrow-only"
        href={link("live")}
        aria-label="Back to all topics"
      >
        <Icon name="back" />
      </a>
      {path.map((step, i) =>
        i === path.length - 1 ? (
          <span key={step.topic}>{step.name === "" ? "(empty)" : step.name}</span>
        ) : (
          <>
            <a href={link("live", { topic: step.topic })}>
              {step.name === "" ? "(empty)" : step.name}
            </a>
            <i aria-hidden="true">/</i>
          </>
        ),
      )}
    </h2>
  );
}
