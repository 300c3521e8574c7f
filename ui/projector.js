// A page on the wall. What the hand moves stands on the left, what is shown on the right; each becomes as small as it
// must to end above the fold, a formula as narrow as its column. A presenter's remote, which sends Page Up and Down,
// turns the steps.

const SIZES = [1.3, 1.2, 1.1, 1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]; // at 0.6 letters are as on a laptop
// How large a formula, how small pictures become before that changes, and last whether they stand closer together.
const WAYS = [[1, 0.8], [0.8, 0.7], [0.65, 0.6], [0.65, 0.6, "dense"]];
const WIDTHS = ["13rem", "18rem", "24rem"]; // of the controls, where no board gives their column its width

const DRAWN = ".picture:not(:has(.roll)), .number"; // a long tune scrolls

const within = (node) => node.scrollWidth <= node.clientWidth + 1;

function roots(place) {
  const mounts = place.querySelectorAll("[data-testid=stBidiComponentIsolated]");
  return [...mounts].map((mount) => mount.shadowRoot?.querySelector(".pictures")).filter((root) => root?.draw);
}

// The largest size at which these nodes end above the fold and nothing that is drawn in them is too wide: is there one?
function fit(nodes, drawn, sizes) {
  const scrolled = document.querySelector(".stMain").scrollTop;
  return sizes.some((size) => {
    for (const node of nodes) node.style.zoom = size;
    for (const root of drawn) root.draw();
    const low = Math.max(0, ...nodes.map((node) => node.getBoundingClientRect().bottom + scrolled));
    return low <= innerHeight && drawn.every((root) => [...root.querySelectorAll(DRAWN)].every(within));
  });
}

function fitFormula(display, most) {
  const formula = display.firstElementChild;
  formula.style.cssText = `zoom: ${most}`;
  const size = (most * display.clientWidth) / display.scrollWidth;
  formula.style.zoom = Math.max(SIZES.at(-1), Math.min(most, size));
  if (!within(display)) formula.style.whiteSpace = "normal"; // KaTeX then breaks it at its signs
}

// Page Up and Down stay with a list that is open, a text, and a bar or slider that was reached by keyboard.
const KEEPS = "textarea, [aria-expanded=true], [role=option], [role=slider], input:not([type=radio], [type=checkbox], [role=combobox])";

// What a mouse or a finger has moved gives the keys back to the remote.
function letGo() {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  if (node?.matches("[type=range], [role=slider]")) node.blur();
}
const release = () => setTimeout(letGo);

function turn(event) {
  const at = { PageUp: 0, PageDown: -1 }[event.key];
  const [node] = event.composedPath();
  if (at === undefined || node.matches?.(KEEPS)) return;
  event.preventDefault();
  event.stopPropagation();
  [...document.querySelectorAll(".st-key-steps-row button")].filter((button) => !button.closest(".stSelectbox")).at(at)?.click();
}

function start() {
  let planned = 0;
  const plan = () => (planned ||= requestAnimationFrame(all));
  const words = new MutationObserver(plan);
  const sizes = new ResizeObserver(plan); // letters of formulas come late
  function all() {
    planned = 0;
    const [hand, shown] = document.querySelectorAll(".stMain .stColumn");
    if (!shown) {
      const whole = [...document.querySelectorAll(".stMain .st-key-board")].flatMap(roots); // the home page
      fit(whole, whole, SIZES);
      return;
    }
    const board = hand.querySelector(".st-key-board");
    (board ? ["40%"] : WIDTHS).some((width) => {
      hand.style.flex = `0 0 ${width}`;
      return fit([hand.firstElementChild], roots(hand), SIZES.slice(3));
    });
    const pictures = roots(shown).filter((root) => !root.getRootNode().host.closest(".st-key-below"));
    WAYS.some(([most, least, dense]) => {
      for (const root of pictures) root.classList.toggle("dense", dense === "dense");
      for (const display of shown.querySelectorAll(".katex-display")) fitFormula(display, most);
      return fit(pictures, pictures, SIZES.filter((size) => size >= least));
    });
  }
  words.observe(document.querySelector(".stMain"), { childList: true, subtree: true, characterData: true });
  sizes.observe(document.querySelector(".stMainBlockContainer"));
  document.addEventListener("drawn", plan); // picture.js says so
  addEventListener("resize", plan);
  document.addEventListener("keydown", turn, true);
  document.addEventListener("pointerup", release, true);
  plan();
  return () => {
    cancelAnimationFrame(planned);
    document.removeEventListener("drawn", plan);
    words.disconnect();
    sizes.disconnect();
    removeEventListener("resize", plan);
    document.removeEventListener("keydown", turn, true);
    document.removeEventListener("pointerup", release, true);
    for (const node of [...roots(document), ...document.querySelectorAll(".stColumn, .stColumn > *, .katex-display > *")]) node.style.cssText = "";
  };
}

// A mount may be called again, and a second may come before the first is gone: only the last one listens.
export default function () {
  globalThis.stopProjector?.();
  return (globalThis.stopProjector = start());
}
