// A page on the wall. Pictures become as small as they must to end above the fold, formulas as narrow as their column,
// and a presenter's remote, which sends Page Up and Down, turns the steps.

const SIZES = [1.3, 1.2, 1.1, 1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]; // at the last, letters are as large as on a laptop

const within = (node) => node.scrollWidth <= node.clientWidth + 1;

function roots() {
  const mounts = document.querySelectorAll(".stMain [data-testid=stBidiComponentIsolated]");
  return [...mounts].map((mount) => mount.shadowRoot?.querySelector(".pictures")).filter(Boolean);
}

function fitPictures(root, scrolled) {
  const mount = root.getRootNode().host;
  if (mount.closest(".st-key-below")) return; // what may be below the fold
  const column = mount.closest(".stColumn:has(.st-key-temperature)"); // beneath the board stand its controls
  const low = (node) => node.getBoundingClientRect().bottom + scrolled;
  const fits = (size) => {
    root.style.zoom = size;
    root.draw();
    const end = column ? low(column.querySelector(".stVerticalBlock")) : low(root);
    return end <= innerHeight && [...root.querySelectorAll(".picture, .number")].every(within);
  };
  SIZES.some(fits);
}

function fitFormula(display) {
  const formula = display.firstElementChild;
  formula.style.zoom = 1;
  formula.style.zoom = Math.max(SIZES.at(-1), Math.min(1, display.clientWidth / display.scrollWidth));
}

// Page Up and Down stay with who has the keyboard in a list or a text, or came to a bar or slider by keyboard.
const KEEPS = "textarea, [aria-expanded=true], [role=option], input:not([type=range], [type=radio], [type=checkbox], [role=combobox])";
const MOVES = "[type=range]:focus-visible, [role=slider]:focus-visible";

function turn(event) {
  const at = { PageUp: 0, PageDown: -1 }[event.key];
  const [node] = event.composedPath();
  if (at === undefined || node.matches?.(`${KEEPS}, ${MOVES}`)) return;
  event.preventDefault();
  event.stopPropagation();
  [...document.querySelectorAll(".st-key-steps-row button")].filter((button) => !button.closest(".stSelectbox")).at(at)?.click();
}

function start() {
  let planned = 0;
  const plan = () => (planned ||= requestAnimationFrame(fit));
  const sizes = new ResizeObserver(plan);
  const words = new MutationObserver(plan);
  function fit() {
    planned = 0;
    const scrolled = document.querySelector(".stMain").scrollTop;
    for (const display of document.querySelectorAll(".stMain .katex-display")) fitFormula(display);
    for (const root of roots()) {
      if (root.draw) fitPictures(root, scrolled);
      sizes.observe(root);
    }
  }
  words.observe(document.querySelector(".stMain"), { childList: true, subtree: true, characterData: true });
  addEventListener("resize", plan);
  document.addEventListener("keydown", turn, true);
  plan();
  return () => {
    cancelAnimationFrame(planned);
    sizes.disconnect();
    words.disconnect();
    removeEventListener("resize", plan);
    document.removeEventListener("keydown", turn, true);
    for (const node of [...roots(), ...document.querySelectorAll(".katex-display > *")]) node.style.zoom = "";
  };
}

export default function ({ parentElement }) {
  return (parentElement.stop ??= start());
}
