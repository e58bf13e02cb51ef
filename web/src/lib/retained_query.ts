// Which retained messages are asked for: by a topic filter, and by a text that occurs in the topic.

export interface RetainedQuery {
  filter: string;
  text: string;
}

// What is typed is a filter when it has a wildcard, else a part of the topic.
export function queryOf(typed: string): RetainedQuery {
  const text = typed.trim();
  return /[+#]/.test(text) ? { filter: text, text: "" } : { filter: "#", text };
}

export function asksForAll(query: RetainedQuery): boolean {
  return query.filter === "#" && query.text === "";
}

// Of what a query finds, that at or below a level of the tree. The level is one that the query's
// answer has, so that the filter matches its names as far as both go.
export function queryBelow(query: RetainedQuery, level: string): RetainedQuery {
  const names = level.split("/");
  const wanted = query.filter.split("/");
  const open = wanted.indexOf("#");
  const rest = open >= 0 && open < names.length ? ["#"] : wanted.slice(names.length);
  return { filter: [...names, ...rest].join("/"), text: query.text };
}
