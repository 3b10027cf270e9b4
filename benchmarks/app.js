// What `python -m benchmarks app` runs in the page: it clicks, waits until the page is whole, and adds up layout shifts.
(() => {
  const shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({
    type: "layout-shift",
    buffered: true,
  });

  const PATIENCE = 180_000;
  const app = () => document.querySelector(".stApp");
  const RESULTS = ".js-plotly-plot .main-svg, canvas, img, [data-testid=stDataFrame], [data-testid=stMetric], table";

  // Whole: the script has run to the last thing on a page, and nothing old, spinning or busy is left.
  const whole = (title) =>
    document.title.startsWith(`${title} ·`) &&
    app()?.dataset.testScriptState === "notRunning" &&
    document.querySelector(".stMain .words") !== null &&
    document.querySelector(".stMain [data-stale=true], .stMain .stSpinner, .stMain [aria-busy=true]") === null;

  // Components of our own draw in shadow trees.
  const results = (root) => [
    ...root.querySelectorAll(RESULTS),
    ...[...root.querySelectorAll("*")].flatMap((each) => (each.shadowRoot ? results(each.shadowRoot) : [])),
  ];

  // The first result: a figure or a table of the page that was asked for, visible and not from before; an empty tray has
  // none.
  const begun = (title) =>
    document.title.startsWith(`${title} ·`) &&
    [...document.querySelectorAll(".stMain")]
      .flatMap(results)
      .some(
        (found) => found.getBoundingClientRect().height > 20 && !found.closest("[data-stale=true], [aria-busy=true]"),
      );

  // Resolve to the moment since which a condition has held without a break for `quiet` milliseconds, NaN if none comes.
  const since = (condition, quiet) =>
    new Promise((resolve) => {
      let start = null;
      const end = performance.now() + PATIENCE;
      const look = () => {
        const now = performance.now();
        start = condition() ? (start ?? now) : null;
        if (start !== null && now - start >= quiet) resolve(start);
        else if (now > end) resolve(NaN);
        else setTimeout(look, 5);
      };
      look();
    });

  const QUIET = 400;
  const onTheClock = async (moment) => (performance.timeOrigin + (await moment)) / 1000; // seconds since 1970
  const opened = {
    whole: (title) => onTheClock(since(() => whole(title), QUIET)),
    begun: (title) => onTheClock(since(() => begun(title) || whole(title), 0)),
  };

  // Click and return the milliseconds until the page is whole again; the script must have run in between, as it has where
  // another page has come: a run that ends at once may never be seen.
  const clicked = async (element, title) => {
    let ran = !document.title.startsWith(`${title} ·`);
    const watch = new MutationObserver(() => {
      ran ||= app().dataset.testScriptState === "running";
    });
    watch.observe(app(), { attributes: true, attributeFilter: ["data-test-script-state"] });
    const start = performance.now();
    element.click();
    const end = await since(() => ran && whole(title), QUIET);
    watch.disconnect();
    return end - start;
  };

  // Cumulative layout shift as Chrome counts it: the worst window of at most 5 s without a pause of 1 s.
  const layoutShift = () => {
    let worst = 0;
    let sum = 0;
    let first = -Infinity;
    let last = -Infinity;
    for (const { startTime, value, hadRecentInput } of shifts) {
      if (hadRecentInput) continue;
      if (startTime - last > 1000 || startTime - first > 5000) [sum, first] = [0, startTime];
      [sum, last] = [sum + value, startTime];
      worst = Math.max(worst, sum);
    }
    return worst;
  };

  const shifted = () =>
    shifts
      .filter(({ hadRecentInput, value }) => !hadRecentInput && value > 0.01)
      .map(({ startTime, value, sources }) => ({
        at: Math.round(startTime),
        value: value.toFixed(3),
        what: sources.map(({ node }) => (node?.closest?.("[data-testid], [class*=st-key]") ?? node)?.className ?? "?"),
      }));

  window.measured = { ...opened, clicked, layoutShift, shifted };
})();
