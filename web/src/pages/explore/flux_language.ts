// Flux for the editor: enough of its lexical grammar to colour a script while it is typed.

import { StreamLanguage, type StringStream } from "@codemirror/language";

interface State {
  inString: boolean;
  depth: number; // open braces of `${...}` inside a string; 0: none
}

const kKeywords = new Set([
  "and",
  "or",
  "not",
  "in",
  "import",
  "package",
  "return",
  "option",
  "builtin",
  "if",
  "then",
  "else",
  "exists",
  "testcase",
]);
const kDuration = /^(\d+(y|mo|w|d|h|m(?!o)|s|ms|us|µs|ns))+/;
const kTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?/;

function text(stream: StringStream, state: State): string {
  while (!stream.eol()) {
    if (stream.match(/^\\./)) continue;
    if (stream.match("${")) {
      state.depth = 1;
      state.inString = false;
      return "string";
    }
    if (stream.next() === '"') {
      state.inString = false;
      return "string";
    }
  }
  return "string";
}

export const flux = StreamLanguage.define<State>({
  name: "flux",
  startState: () => ({ inString: false, depth: 0 }),
  copyState: (state) => ({ ...state }),
  token(stream, state) {
    if (state.inString) return text(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.match("//")) {
      stream.skipToEnd();
      return "comment";
    }
    if (stream.eat('"')) {
      state.inString = true;
      return text(stream, state);
    }
    if (state.depth > 0 && stream.match(/^[{}]/, false)) {
      state.depth += stream.next() === "{" ? 1 : -1;
      if (state.depth === 0) state.inString = true;
      return "operator";
    }
    if (stream.match(kTime) || stream.match(kDuration) || stream.match(/^\d+(\.\d+)?|^\.\d+/))
      return "number";
    if (stream.match(/^[=!]~/)) {
      stream.eatSpace();
      return "operator";
    }
    // A slash opens a regular expression where a value may stand.
    if (
      stream.match(/^\/(\\.|[^\\/])+\//) &&
      /[=(,:~]\s*$/.test(stream.string.slice(0, stream.start))
    )
      return "regexp";
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (word) {
      const name = (word as RegExpMatchArray)[0];
      if (kKeywords.has(name)) return "keyword";
      if (name === "true" || name === "false") return "number";
      if (stream.match(/^\s*\(/, false)) return "variableName.function";
      if (stream.match(/^\s*:(?!=)/, false)) return "propertyName";
      return stream.string[stream.start - 1] === "." ? "propertyName" : "variableName";
    }
    if (stream.match(/^(\|>|<-|=>|==|!=|<=|>=|[=<>+\-*/%^?])/)) return "operator";
    stream.next();
    return null;
  },
  languageData: {
    commentTokens: { line: "//" },
    closeBrackets: { brackets: ["(", "[", "{", '"'] },
  },
});

// Name and what it is for, as completion offers them.
export const kFluxFunctions: [string, string][] = [
  ["aggregateWindow", "every, fn, createEmpty"],
  ["bottom", "n"],
  ["buckets", "all buckets"],
  ["columns", "names of columns"],
  ["contains", "value, set"],
  ["count", "rows"],
  ["cumulativeSum", ""],
  ["derivative", "unit, nonNegative"],
  ["difference", ""],
  ["distinct", "column"],
  ["drop", "columns"],
  ["duplicate", "column, as"],
  ["elapsed", "unit"],
  ["fill", "value or usePrevious"],
  ["filter", "fn: (r) =>"],
  ["first", ""],
  ["from", "bucket"],
  ["group", "columns, mode"],
  ["histogram", "bins"],
  ["increase", ""],
  ["integral", "unit"],
  ["join", "tables, on"],
  ["keep", "columns"],
  ["keys", ""],
  ["last", ""],
  ["limit", "n, offset"],
  ["map", "fn: (r) =>"],
  ["max", ""],
  ["mean", ""],
  ["median", ""],
  ["min", ""],
  ["mode", ""],
  ["movingAverage", "n"],
  ["now", ""],
  ["pivot", "rowKey, columnKey, valueColumn"],
  ["quantile", "q"],
  ["range", "start, stop"],
  ["reduce", "fn, identity"],
  ["rename", "columns"],
  ["sample", "n"],
  ["set", "key, value"],
  ["sort", "columns, desc"],
  ["spread", ""],
  ["stddev", ""],
  ["sum", ""],
  ["tail", "n"],
  ["timeShift", "duration"],
  ["toFloat", ""],
  ["toInt", ""],
  ["toString", ""],
  ["top", "n"],
  ["union", "tables"],
  ["unique", "column"],
  ["v.timeRangeStart", "start of the page's range"],
  ["v.timeRangeStop", "end of the page's range"],
  ["v.windowPeriod", "a window that suits the range"],
  ["window", "every"],
  ["yield", "name"],
];
