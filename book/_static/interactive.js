// Figures to read values off: drawn when a reader opens one, by the plotly.js that lies beside this file.
(() => {
  const here = document.currentScript.src;
  let library;
  const plotly = () =>
    (library ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = new URL("plotly.min.js", here).href;
      script.onload = () => done(window.Plotly);
      script.onerror = failed;
      document.head.append(script);
    }));
  const draw = async (box) => {
    const place = box.querySelector(".lrfr-interactive-plot");
    const { data, layout } = JSON.parse(box.querySelector("script").textContent);
    const library = await plotly();
    place.replaceChildren();
    library.newPlot(place, data, layout, { responsive: true, displaylogo: false });
  };
  document.addEventListener("DOMContentLoaded", () => {
    for (const box of document.querySelectorAll("details.lrfr-interactive")) {
      box.addEventListener("toggle", () => draw(box), { once: true });
    }
  });
})();
