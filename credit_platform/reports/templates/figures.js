const figures = [...document.querySelectorAll("script[type='application/json'][data-figure]")];
const settings = {responsive: true, displaylogo: false, displayModeBar: "hover",
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"]};
const colour = () => getComputedStyle(document.body).color;
const waiting = new Map(figures.map((figure) => [document.getElementById(figure.dataset.figure), figure]));
function draw(place) {
  const figure = waiting.get(place);
  if (!figure) return;
  waiting.delete(place);
  const content = JSON.parse(figure.textContent);
  content.layout.font = {...content.layout.font, color: colour()};
  Plotly.newPlot(place, content.data, content.layout, settings);
}
const nearby = new IntersectionObserver((seen) => {
  for (const each of seen) if (each.isIntersecting) { nearby.unobserve(each.target); draw(each.target); }
}, {rootMargin: "300px"});
for (const place of waiting.keys()) nearby.observe(place);
const idle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
function next() { for (const place of waiting.keys()) { draw(place); break; } if (waiting.size) idle(next); }
window.addEventListener("load", () => idle(next));
window.addEventListener("beforeprint", () => { for (const place of [...waiting.keys()]) draw(place); });
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const place of document.querySelectorAll(".js-plotly-plot")) Plotly.relayout(place, {"font.color": colour()});
});
