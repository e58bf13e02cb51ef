// Runs before the first paint so that no theme flashes before another.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("weir.theme");
  } catch {
    // Storage may be forbidden; the system's theme applies then.
  }
  if (theme !== "light" && theme !== "dark")
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
})();
