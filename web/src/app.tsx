// The frame around the pages: navigation, who is signed in, the command palette and the keys.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "./lib/api";
import { go, link, route } from "./lib/route";
import { info, me, signOut, stage, start } from "./lib/session";
import { startLive } from "./lib/live";
import { setTheme, theme, type Theme } from "./lib/theme";
import { Gate } from "./pages/gate";
import { LivePage } from "./pages/live/live";
import { SignInPage } from "./pages/sign_in";
import { Icon, Logo, type IconName } from "./ui/icons";
import { lazy, preloadPages } from "./ui/lazy";
import { Menu, Segments, Toasts } from "./ui/parts";

const ExplorePage = lazy(async () => (await import("./pages/explore/explore")).ExplorePage);
const BucketsPage = lazy(async () => (await import("./pages/buckets")).BucketsPage);
const ClientsPage = lazy(async () => (await import("./pages/clients/clients")).ClientsPage);
const RetainedPage = lazy(async () => (await import("./pages/retained/retained")).RetainedPage);
const TokensPage = lazy(async () => (await import("./pages/tokens")).TokensPage);
const SetupPage = lazy(async () => (await import("./pages/setup")).SetupPage);
const Palette = lazy(async () => (await import("./ui/palette")).Palette);
const HelpDialog = lazy(async () => (await import("./ui/palette")).HelpDialog);

export const kPages: { page: string; title: string; icon: IconName; key: string }[] = [
  { page: "live", title: "Live", icon: "live", key: "l" },
  { page: "explore", title: "Explore", icon: "explore", key: "e" },
  { page: "clients", title: "Clients", icon: "clients", key: "c" },
  { page: "retained", title: "Retained", icon: "retained", key: "r" },
  { page: "buckets", title: "Buckets", icon: "buckets", key: "b" },
  { page: "tokens", title: "Tokens", icon: "tokens", key: "t" },
];

// Each request renews a session by five minutes.
const kKeepSessionMs = 4 * 60_000;

const paletteOpen = signal(false);
const helpOpen = signal(false);

export function App() {
  switch (stage.value) {
    case "starting":
      return <div aria-busy="true" />;
    case "setup":
      return <SetupPage />;
    case "signIn":
      return <SignInPage />;
    case "unreachable":
      return <Unreachable />;
    case "ready":
      return <Shell />;
  }
}

function Unreachable() {
  useEffect(() => {
    const timer = setInterval(() => void start(), 3000);
    return () => clearInterval(timer);
  }, []);
  return (
    <Gate>
      <h1>The server does not answer</h1>
      <p>weir may be starting, or stopped. This page tries again every three seconds.</p>
    </Gate>
  );
}

function useKeys(): void {
  useEffect(() => {
    let prefix = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        helpOpen.value = false;
        paletteOpen.value = !paletteOpen.value;
        return;
      }
      const target = event.target as HTMLElement;
      const typing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]") !== null) return;
      if (event.key === "?") helpOpen.value = true;
      else if (event.key === "/") {
        const search = document.querySelector<HTMLElement>("[data-main-search]");
        if (search !== null) {
          event.preventDefault();
          search.focus();
        }
      } else if (event.key === "g") prefix = event.timeStamp;
      else if (event.timeStamp - prefix < 1200) {
        const found = kPages.find((entry) => entry.key === event.key);
        if (found !== undefined) go(found.page);
        prefix = 0;
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function Shell() {
  useKeys();
  useEffect(() => {
    startLive();
    preloadPages();
    // The live page asks nothing by HTTP, yet a session lasts only as long as it is used.
    const timer = setInterval(() => {
      if (!document.hidden) void api.me().catch(() => undefined);
    }, kKeepSessionMs);
    return () => clearInterval(timer);
  }, []);
  const page = kPages.find((entry) => entry.page === route.value.page) ?? kPages[0]!;
  useEffect(() => {
    document.title = `${page.title} · weir`;
  }, [page]);
  return (
    <div class="shell">
      <aside class="rail">
        <a class="brand" href={link("live")} aria-label="weir, to the live page">
          <Logo /> weir
        </a>
        <nav aria-label="Pages">
          {kPages.map((entry) => (
            <a
              key={entry.page}
              href={link(entry.page)}
              aria-current={entry === page ? "page" : undefined}
            >
              <Icon name={entry.icon} size={18} />
              {entry.title}
            </a>
          ))}
        </nav>
        <div class="rail-foot">
          <button
            type="button"
            class="button quiet palette-button"
            onClick={() => (paletteOpen.value = true)}
          >
            <Icon name="search" size={18} /> Go to…{" "}
            <kbd style="margin-left:auto">{kCommandKey}</kbd>
          </button>
          <UserMenu />
        </div>
      </aside>
      <main class="page" id="page">
        <Page page={page.page} />
      </main>
      {paletteOpen.value && <Palette onClose={() => (paletteOpen.value = false)} />}
      {helpOpen.value && <HelpDialog onClose={() => (helpOpen.value = false)} />}
      <Toasts />
    </div>
  );
}

const kCommandKey = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";

function Page({ page }: { page: string }) {
  switch (page) {
    case "explore":
      return <ExplorePage />;
    case "buckets":
      return <BucketsPage />;
    case "clients":
      return <ClientsPage />;
    case "retained":
      return <RetainedPage />;
    case "tokens":
      return <TokensPage />;
    default:
      return <LivePage />;
  }
}

const kThemes: [Theme, string][] = [
  ["light", "Light"],
  ["dark", "Dark"],
  ["system", "System"],
];

function UserMenu() {
  return (
    <Menu
      label={`Account of ${me.value?.name ?? ""}`}
      buttonClass="button quiet"
      button={
        <>
          <Icon name="user" size={18} />
          <span class="user-name">{me.value?.name}</span>
        </>
      }
    >
      <div class="about">
        {info.value?.org} · weir {info.value?.version}
      </div>
      <div class="theme-row" data-keep>
        <Segments label="Theme" value={theme.value} choices={kThemes} onChange={setTheme} />
      </div>
      <hr />
      <button type="button" onClick={() => (helpOpen.value = true)}>
        <Icon name="help" /> Keys and help
      </button>
      <button type="button" onClick={() => void signOut()}>
        <Icon name="out" /> Sign out
      </button>
    </Menu>
  );
}
