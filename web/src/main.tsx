import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/rows.css";
import "./styles/tree.css";
import "./styles/shell.css";
import "./styles/chart.css";
import "./styles/pages.css";
import "./styles/live.css";
import { render } from "preact";
import { App } from "./app";
import { startRouting } from "./lib/route";
import { start } from "./lib/session";

startRouting();
void start();
render(<App />, document.getElementById("app")!);
