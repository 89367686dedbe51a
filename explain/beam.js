// Beam search: the hypotheses of every step as a tree, from the top down, and those of the chosen one's step as a table.
import { data, sentence, view } from "./data.js";
import {
    byId, cell, fill, formula, html, note, onArrow, paragraph, piece, pressed, rowHeader, svg, table, tableRow,
} from "./elements.js";
import { format, range } from "./numbers.js";

/** @import { Hypothesis } from "./data.js" */

/** A hypothesis in the tree: `column` is its place among those of its step, whose boxes take `width` each, and `children`
 * are its continuations.
 * @typedef {Hypothesis & { index: number, column: number, width: number, children: Leaf[] }} Leaf */

const STEP_HEIGHT = 52,
    LEAF_HEIGHT = 34,
    LEAST_LEAF = 38, // widths, with the space beside it
    MOST_LEAF = 120,
    MARGIN = 24, // for the numbers of the steps
    PIECE_FONT = "11px system-ui, sans-serif";

/** @type {{ leaves: Leaf[], steps: Leaf[][], translation: Leaf }} */
let tree;

function growTree() {
    /** @type {Leaf[]} */
    const leaves = (sentence().beam ?? []).map((one, index) => ({ ...one, index, column: 0, width: 0, children: [] })),
        steps = range(leaves[leaves.length - 1].n, (step) => leaves.filter(({ n }) => n === step + 1));
    for (const leaf of leaves) if (leaf.parent !== undefined) leaves[leaf.parent].children.push(leaf);
    for (const step of steps) step.forEach((leaf, column) => (leaf.column = column));
    const translation = leaves.filter(({ ended }) => ended).reduce((best, leaf) => (leaf.score > best.score ? leaf : best));
    tree = { leaves, steps, translation };
}

/** A hypothesis and those that it continues, the first of them first.
 * @type {(leaf: Leaf) => Leaf[]} */
const pathTo = (leaf) => [...(leaf.parent === undefined ? [] : pathTo(tree.leaves[leaf.parent])), leaf];

/** What became of a hypothesis.
 * @type {(leaf: Leaf) => "ended" | "continued" | "open" | "dropped"} */
const fateOf = ({ ended, children, n }) =>
    ended ? "ended" : children.length ? "continued" : n === tree.steps.length ? "open" : "dropped";

const chosenLeaf = () => tree.leaves[view.hypothesis ?? tree.translation.index];

export function drawBeam() {
    const hidden = !sentence().beam;
    byId("beam").hidden = hidden;
    /** @type {HTMLElement} */ (document.querySelector("nav [href='#beam']")).hidden = hidden;
    if (hidden) return;
    growTree();
    const { n_beams, length_penalty, n_prefix } = data.search,
        power = length_penalty === 1 ? "n" : `n^(${length_penalty})`;
    byId("beam-size").textContent = String(n_beams);
    byId("beam-score").replaceChildren(
        formula(`score = Σ log p / ${power}`),
        `, where n is the number of pieces${n_prefix ? " after the prefix, whose pieces count 0" : ""}.`,
    );
    drawTree();
    drawStep();
}

// ---- the tree ----

const ruler = /** @type {CanvasRenderingContext2D} */ (html("canvas").getContext("2d"));

/** The text, shortened to a width in pixels: at first by the space before a word.
 * @type {(text: string, width: number) => string} */
function shortened(text, width) {
    const letters = [...text.replace(/^▁(?=.)/, "")];
    let shown = text;
    ruler.font = PIECE_FONT;
    if (ruler.measureText(shown).width > width) shown = letters.join("");
    while (letters.length > 1 && ruler.measureText(shown).width > width) {
        letters.pop();
        shown = `${letters.join("")}…`;
    }
    return shown;
}

function drawTree() {
    const { leaves, steps, translation } = tree,
        room = byId("beam-tree").clientWidth - MARGIN,
        onWay = new Set(pathTo(translation));
    for (const step of steps)
        for (const leaf of step) leaf.width = Math.min(Math.max(room / step.length, LEAST_LEAF), MOST_LEAF);
    const right = Math.max(...leaves.map(({ column, width }) => (column + 1) * width)),
        size = { width: MARGIN + right, height: steps.length * STEP_HEIGHT };
    const numbers = steps.map((_, i) => svg("text", { class: "number", x: 0, y: i * STEP_HEIGHT + 22 }, String(i + 1)));
    const branches = leaves.flatMap((leaf) =>
        leaf.parent === undefined ? [] : [branch(leaves[leaf.parent], leaf, onWay.has(leaf))],
    );
    byId("beam-tree").replaceChildren(
        svg(
            "svg",
            { ...size, role: "group", "aria-label": "The hypotheses of each step" },
            ...numbers,
            ...branches,
            ...leaves.map((leaf) => leafBox(leaf, onWay.has(leaf))),
        ),
    );
}

/** The middle of a hypothesis.
 * @param {Leaf} leaf */
const middleOf = ({ column, width }) => MARGIN + (column + 0.5) * width;

/** The line from a hypothesis to one that continues it.
 * @type {(from: Leaf, to: Leaf, onWay: boolean) => SVGElement} */
function branch(from, to, onWay) {
    const [x1, x2] = [middleOf(from), middleOf(to)],
        [y1, y2] = [(from.n - 1) * STEP_HEIGHT + LEAF_HEIGHT + 1, (to.n - 1) * STEP_HEIGHT + 1];
    const middle = (y1 + y2) / 2,
        d = `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
    return svg("path", { class: `branch${onWay ? " way" : ""}`, d, "data-index": to.index });
}

/** @type {(leaf: Leaf, onWay: boolean) => SVGElement} */
function leafBox(leaf, onWay) {
    const gap = leaf.width < 60 ? 3 : 6,
        width = leaf.width - gap,
        middle = middleOf(leaf),
        y = (leaf.n - 1) * STEP_HEIGHT + 1,
        fate = fateOf(leaf);
    const attributes = {
        class: `leaf ${fate}${onWay ? " way" : ""}`,
        role: "button",
        "aria-label": `step ${leaf.n}: ${leaf.piece}, score ${format(leaf.score)}, ${fate}`,
        "data-index": leaf.index,
        onclick: () => chooseLeaf(leaf),
        onkeydown: onLeafKey(leaf),
        ...pressed(leaf === chosenLeaf()),
    };
    return svg(
        "g",
        attributes,
        svg("rect", { x: middle - width / 2, y, width, height: LEAF_HEIGHT, rx: 5 }),
        svg("text", { x: middle, y: y + 14 }, shortened(leaf.piece, width - 4)),
        svg("text", { class: "score", x: middle, y: y + 28 }, format(leaf.score, 2)),
    );
}

/** @param {Leaf} leaf */
function chooseLeaf(leaf) {
    view.hypothesis = leaf.index;
    drawStep();
}

/** The arrow keys move to the hypothesis that it continues, its best continuation, or another one of the step.
 * @param {Leaf} leaf */
const onLeafKey = (leaf) =>
    onArrow((right, down) => {
        const above = leaf.parent === undefined ? undefined : tree.leaves[leaf.parent],
            next = right ? tree.steps[leaf.n - 1][leaf.column + right] : down > 0 ? leaf.children[0] : above;
        if (!next) return;
        chooseLeaf(next);
        /** @type {SVGElement} */ (byId("beam-tree").querySelector("[aria-pressed=true]")).focus();
    });

// ---- the step of the chosen hypothesis ----

/** The text of a hypothesis from its piece `from` on.
 * @type {(leaf: Leaf, from: number) => HTMLElement} */
const piecesFrom = (leaf, from) =>
    html("span", { class: "said" }, ...pathTo(leaf).slice(from).flatMap((one, i) => [i ? " " : "", piece(one.piece)]));

/** The number of pieces with which all hypotheses of a step begin; 0 for a single one.
 * @param {Leaf[]} step */
function nCommon(step) {
    const [first, ...others] = step.map(pathTo),
        differs = first.findIndex((leaf, i) => others.some((path) => path[i] !== leaf));
    return others.length ? differs : 0;
}

/** Marks the chosen hypothesis and the way to it, and shows the hypotheses of its step. */
function drawStep() {
    const chosen = chosenLeaf(),
        step = tree.steps[chosen.n - 1],
        path = new Set(pathTo(chosen).map(({ index }) => String(index))),
        onWay = new Set(pathTo(tree.translation));
    for (const box of /** @type {NodeListOf<SVGElement>} */ (byId("beam-tree").querySelectorAll(".leaf, .branch"))) {
        box.classList.toggle("before", path.has(box.dataset.index ?? ""));
        if (box.matches(".leaf")) fill(box, pressed(box.dataset.index === String(chosen.index)));
    }
    const from = nCommon(step);
    const rows = step.map((leaf) => {
        const numbers = [leaf.sum, leaf.score].map((x) => html("td", { class: "number" }, format(x, 4)));
        const words = [piecesFrom(leaf, from), onWay.has(leaf) ? html("small", null, " → translation") : null];
        return tableRow([rowHeader(...words), ...numbers, cell(fateOf(leaf))], leaf === chosen);
    });
    byId("beam-step").replaceChildren(
        html("h3", null, `Step ${chosen.n} of ${tree.steps.length}`),
        paragraph(piecesFrom(chosen, from), `: ${fateWords(chosen)}`),
        ...(from ? [note("All begin with ", piecesFrom(pathTo(chosen)[from - 1], 0))] : []),
        html("div", { class: "scroll" }, table(["hypothesis", "Σ log p", "score", "then"], rows)),
    );
}

/** @param {Leaf} leaf */
function fateWords(leaf) {
    const n = leaf.children.length,
        next = `step ${leaf.n + 1}`;
    switch (fateOf(leaf)) {
        case "ended":
            return leaf === tree.translation
                ? "ended, with the best score of all that ended. It is the translation."
                : "ended. Another one that ended has a better score.";
        case "continued":
            return `continued by ${n === 1 ? "one hypothesis" : `${n} hypotheses`} of ${next}.`;
        case "dropped":
            return `dropped, because none of its continuations is among the best of ${next}.`;
        case "open":
            return "still open when the search was over.";
    }
}
