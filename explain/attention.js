// The weights of every attention and head, and how concentrated they are with and without scaling.
import { drawComputation } from "./computation.js";
import { checkpoint, isOff, isScaled, namesOfRows, piecesOfKeys, stackName, view } from "./data.js";
import { byId, choice, code, fill, html, inputById, onArrow, piece, pressed, rowHeader, rowName, shape } from "./elements.js";
import { legend, paintWeights, weightColour } from "./heatmaps.js";
import { clamp, format, mean, range } from "./numbers.js";
import { attentionHead, shownWeights } from "./tensors.js";

/** @import { RowName } from "./data.js" */
/** @import { AttentionHead } from "./tensors.js" */

/** A kind is the name of an attention without its layer.
 * @type {[kind: string, label: string][]} */
const ATTENTION_KINDS = [
    ["encoder.self_attention", "encoder self-attention"],
    ["decoder.self_attention", "decoder self-attention (causal)"],
    ["decoder.cross_attention", "cross-attention"],
];

/** @type {(name: string) => string} */
const kindOf = (name) => name.replace(/\.\d+\./, ".");
/** @type {(kind: string, layer: number) => string} */
const nameOf = (kind, layer) => kind.replace(".", `.${layer}.`);
/** @type {(name: string) => number} */
const layerOf = (name) => Number(name.split(".")[1]);

const viewedHead = () => attentionHead(view.attention, view.head);

export function drawAttention() {
    const field = byId("attention-kind"),
        unscaled = inputById("unscaled");
    field.replaceChildren(
        /** @type {Element} */ (field.firstElementChild),
        ...choice("kind", ATTENTION_KINDS, kindOf(view.attention), (kind) => chooseHead(nameOf(kind, 0), 0)),
    );
    unscaled.checked = !isScaled();
    unscaled.disabled = isOff("scaling");
    unscaled.onchange = () => {
        view.scaled = !unscaled.checked;
        drawHeads();
        drawMatrix();
    };
    drawHeads();
    drawMatrix();
}

/** @type {(name: string, head: number) => void} */
export function chooseHead(name, head) {
    const kind = kindOf(name),
        sameKind = kind === kindOf(view.attention);
    view.attention = name;
    view.head = clamp(head, checkpoint[stackName(name)].n_heads);
    if (!sameKind) {
        for (const input of byId("attention-kind").querySelectorAll("input")) input.checked = input.value === kind;
        drawHeads();
    }
    markHead();
    drawMatrix();
}

/** Chooses the cell to show first: the second query, the first one that has read a piece, and its largest weight. */
export function chooseFirstCell() {
    const head = viewedHead();
    view.query = clamp(1, head.nQueries);
    const weights = head.weights(view.query);
    view.key = weights.indexOf(Math.max(...weights));
}

// ---- all heads ----

function drawHeads() {
    const { n_layers, n_heads } = checkpoint[stackName(view.attention)];
    const layers = range(n_layers, (layer) => {
        const name = nameOf(kindOf(view.attention), layer),
            buttons = range(n_heads, (head) => headButton(name, head));
        return html(
            "div",
            { class: "layer" },
            code(name),
            html("div", { class: "row", style: `--n-heads: ${n_heads}` }, ...buttons),
        );
    });
    byId("heads").replaceChildren(...layers);
    markHead();
}

/** @type {(name: string, head: number) => HTMLElement} */
function headButton(name, head) {
    const canvas = html("canvas"),
        weights = attentionHead(name, head);
    paintWeights(canvas, allWeights(weights), weights.nKeys);
    return html(
        "button",
        {
            type: "button",
            "data-name": name,
            "data-head": head,
            "aria-label": `${name}, head ${head}`,
            onclick: () => chooseHead(name, head),
            onkeydown: onArrow(stepHead),
        },
        canvas,
        html("span", null, `head ${head}`),
    );
}

/** @type {(head: AttentionHead) => number[][]} */
const allWeights = (head) => range(head.nQueries, (i) => shownWeights(head, i));

function markHead() {
    for (const button of byId("heads").querySelectorAll("button")) {
        const chosen = button.dataset.name === view.attention && Number(button.dataset.head) === view.head;
        fill(button, pressed(chosen));
    }
}

/** @type {(right: number, down: number) => void} */
function stepHead(right, down) {
    const { n_layers, n_heads } = checkpoint[stackName(view.attention)],
        layer = clamp(layerOf(view.attention) + down, n_layers);
    chooseHead(nameOf(kindOf(view.attention), layer), clamp(view.head + right, n_heads));
    /** @type {HTMLElement} */ (byId("heads").querySelector("[aria-pressed=true]")).focus();
}

// ---- the chosen head ----

function drawMatrix() {
    const head = viewedHead(),
        dense = head.nKeys * 24 > byId("matrix").clientWidth;
    view.query = clamp(view.query, head.nQueries);
    view.key = clamp(view.key, head.nSeen(view.query));
    byId("matrix").replaceChildren(
        html(
            "p",
            { class: "caption" },
            code(`${view.attention}.weights`),
            ` head ${view.head}`,
            shape(head.nQueries, head.nKeys),
            legend(0, 1, "weights"),
        ),
        html("div", { class: dense ? "scroll dense" : "scroll" }, matrixTable(head)),
    );
    markCell();
    drawSharpness(head);
    drawComputation();
}

/** @param {AttentionHead} head */
function matrixTable(head) {
    const corner = "query ↓ key →",
        keys = piecesOfKeys(view.attention);
    const columns = keys.map((text) => html("th", { scope: "col" }, html("div", null, piece(text)))),
        rows = namesOfRows(`${view.attention}.query`).map((name, i) => matrixRow(head, i, name, keys));
    return html(
        "table",
        {
            class: stackName(view.attention),
            role: "grid",
            "aria-label": "weights",
            style: `--n-keys: ${head.nKeys}`,
            onclick: ({ target: { dataset } }) => dataset.key && chooseCell(Number(dataset.query), Number(dataset.key)),
            onkeydown: onArrow(stepCell),
        },
        html("thead", null, html("tr", null, html("th", { class: "corner" }, corner), ...columns)),
        html("tbody", null, ...rows),
    );
}

/** @type {(head: AttentionHead, query: number, name: RowName, keys: string[]) => HTMLElement} */
function matrixRow(head, query, name, keys) {
    const weights = shownWeights(head, query);
    const cells = keys.map((key, j) => {
        if (j >= weights.length) return html("td", { class: "unseen", title: `hidden: ${key} comes later` });
        const style = `background: ${weightColour(weights[j])}`,
            title = `${name.join(" → ")}, key ${key}: ${format(weights[j])}`;
        return html("td", { role: "gridcell", "data-query": query, "data-key": j, style, title });
    });
    return html("tr", null, rowHeader(rowName(name)), ...cells);
}

/** @type {(query: number, key: number) => void} */
function chooseCell(query, key) {
    view.query = query;
    view.key = key;
    markCell().focus({ preventScroll: true });
    drawComputation();
}

/** Marks the chosen cell, and only that one.
 * @returns {HTMLElement} */
function markCell() {
    const matrix = byId("matrix"),
        before = matrix.querySelector(".cell"),
        chosen = matrix.querySelector(`[data-query="${view.query}"][data-key="${view.key}"]`);
    if (before) fill(before, { class: "", tabindex: -1, "aria-selected": "false" });
    return fill(/** @type {HTMLElement} */ (chosen), { class: "cell", tabindex: 0, "aria-selected": "true" });
}

/** @type {(right: number, down: number) => void} */
function stepCell(right, down) {
    const head = viewedHead(),
        query = clamp(view.query + down, head.nQueries);
    chooseCell(query, clamp(view.key + right, head.nSeen(query)));
}

// ---- scaling ----

/** The perplexity exp(H): the number of keys over which a row effectively spreads.
 * @type {(weights: number[]) => number} */
const perplexity = (weights) => Math.exp(-weights.reduce((total, w) => total + (w > 0 ? w * Math.log(w) : 0), 0));

/** Shows how concentrated the rows of a head are with and without scaling.
 * @param {AttentionHead} head */
function drawSharpness(head) {
    /** @type {(label: string, weights: (query: number) => number[], shown: boolean) => HTMLElement} */
    const line = (label, weights, shown) => {
        const rows = range(head.nQueries, weights),
            largest = format(mean(rows.map((row) => Math.max(...row))), 2),
            spread = format(mean(rows.map(perplexity)), 1);
        const text = `${label}: largest weight per row ${largest} on average, effectively spread over ${spread} keys`;
        return html(shown ? "b" : "span", null, text);
    };
    byId("sharpness").replaceChildren(
        line("with scaling", head.weightsScaled, isScaled()),
        html("br"),
        line("without scaling", head.weightsUnscaled, !isScaled()),
    );
}
