// Stacked bars: four shades that differ in lightness, so that they are told apart without colours and on paper. Each
// stands beside its counts in words, so readers of the screen leave it out.
import { drawn, element } from "./dom.js";
import { say } from "./texts.js";

const STATES = ["done", "refused", "attempted", "open"];
const WIDTH = 1000;
// One door of thousands is seen, too.
const LEAST = 12;

const shade = (state) => drawn("svg", { class: "shade", viewBox: "0 0 14 14", "aria-hidden": "true" }, drawn("rect", { class: state, x: 0.5, y: 0.5, width: 13, height: 13 }));

export const legend = () => element("p", { className: "shades" }, ...STATES.map((state) => element("span", {}, shade(state), say(`target_${state}`))));

export function bar(line) {
  const known = STATES.filter((state) => line[state] > 0);
  const wide = known.map((state) => Math.max(LEAST, (line[state] * WIDTH) / line.targets));
  const over = wide.reduce((sum, width) => sum + width, 0) - WIDTH;
  // What small parts take, the largest gives.
  wide[wide.indexOf(Math.max(...wide))] -= over;
  let x = 0;
  const parts = known.map((state, index) => {
    const part = drawn("rect", { class: state, x, y: 0, width: Math.max(0, wide[index]), height: 10 });
    x += wide[index];
    return part;
  });
  return drawn("svg", { class: "stacked", viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts);
}
