// The pieces of both sides, and the cross-attention between them.
import { checkpoint, sentence, sourcePieces, targetPieces, view } from "./data.js";
import { byId, html, onArrow, piece, svg } from "./elements.js";
import { weightColour } from "./heatmaps.js";
import { clamp, format, mean, range } from "./numbers.js";
import { attentionHead } from "./tensors.js";

/** @typedef {"source" | "target"} Side */

/** @type {Side[]} */
const SIDES = ["source", "target"];
const LEAST_LINE = 0.04, // smaller weights have no line
    LEAST_SHARE = 0.02, // smaller weights have no colour and no number
    N_SHARES = 6;

/** The current drawing: the pieces as buttons, the lines, weights[t][s], and whether the sides are rows or columns.
 * @type {{ source: HTMLElement[], target: HTMLElement[], lines: SVGElement, weights: number[][], across: boolean }} */
let drawing;

/** weights[t][s] of the chosen heads. view.aligned is "mean", the name of a layer's cross-attention for the mean of its
 * heads, or that name and a head. */
function alignedWeights() {
    const [chosen, onlyHead] = view.aligned.split(" "),
        { n_layers, n_heads } = checkpoint.decoder;
    const layers = chosen === "mean" ? range(n_layers, (l) => `decoder.${l}.cross_attention`) : [chosen];
    const heads = onlyHead === undefined ? range(n_heads, (h) => h) : [Number(onlyHead)];
    const all = layers.flatMap((name) => heads.map((head) => attentionHead(name, head)));
    return range(sentence().target.length, (t) => {
        const rows = all.map((head) => head.weights(t));
        return range(sentence().source.length, (s) => mean(rows.map((row) => row[s])));
    });
}

export function drawAlignedChoice() {
    const { n_layers, n_heads } = checkpoint.decoder,
        select = /** @type {HTMLSelectElement} */ (byId("aligned"));
    /** @type {(value: string, text: string) => HTMLElement} */
    const option = (value, text) => html("option", { value }, text);
    const ofLayer = range(n_layers, (l) => {
        const name = `decoder.${l}.cross_attention`;
        return [
            option(name, `${name}, mean of all heads`),
            ...range(n_heads, (h) => option(`${name} ${h}`, `${name}, head ${h}`)),
        ];
    });
    select.replaceChildren(option("mean", "mean of all layers and heads"), ...ofLayer.flat());
    select.value = view.aligned;
    select.onchange = () => {
        view.aligned = select.value;
        drawAlignment();
    };
}

export function drawAlignment() {
    const room = byId("pieces"),
        lines = svg("svg", { "aria-hidden": "true" }),
        source = sourcePieces().map((text, i) => pieceButton("source", i, text)),
        target = targetPieces().map((text, i) => pieceButton("target", i, text));
    room.className = "across";
    room.replaceChildren(
        lines,
        html("div", { class: "side", lang: checkpoint.source_language }, ...source),
        html("div", { class: "side", lang: checkpoint.target_language }, ...target),
    );
    room.onpointerleave = () => showShares(null, 0);
    /** @type {(buttons: HTMLElement[]) => number} */
    const width = (buttons) => buttons.reduce((total, button) => total + button.offsetWidth + 4, 0);
    const across = Math.max(width(source), width(target)) <= room.clientWidth;
    room.className = across ? "across" : "down";
    room.style.setProperty("--n-pieces", String(Math.max(source.length, target.length)));
    drawing = { source, target, lines, weights: alignedWeights(), across };
    drawLines();
    showShares(null, 0);
}

/** @type {(side: Side, i: number, text: string) => HTMLElement} */
const pieceButton = (side, i, text) =>
    html(
        "button",
        {
            type: "button",
            class: side,
            tabindex: side === "source" && i === 0 ? 0 : -1,
            onpointerenter: () => showShares(side, i),
            onfocus: () => showShares(side, i),
            onkeydown: onArrow((right, down) => focusNext(side, i, right, down)),
        },
        piece(text),
    );

/** A line for each weight, thicker and more opaque the larger it is. All are appended at once, because the places of the
 * pieces are read in between, which would be computed again after each. */
function drawLines() {
    const { source, target, lines, weights } = drawing;
    /** @type {(weight: number, s: number, t: number) => SVGElement} */
    const path = (weight, s, t) =>
        svg("path", {
            d: curve(source[s], target[t]),
            "data-source": s,
            "data-target": t,
            "stroke-width": 0.5 + 5 * weight,
            "stroke-opacity": 0.15 + 0.85 * weight,
        });
    lines.append(
        ...weights.flatMap((row, t) => row.flatMap((weight, s) => (weight >= LEAST_LINE ? [path(weight, s, t)] : []))),
    );
}

/** The path from a source piece to a target piece.
 * @type {(source: HTMLElement, target: HTMLElement) => string} */
function curve(source, target) {
    const from = source.getBoundingClientRect(),
        to = target.getBoundingClientRect(),
        room = byId("pieces").getBoundingClientRect();
    if (drawing.across) {
        const [x1, y1] = [from.left + from.width / 2 - room.left, from.bottom - room.top],
            [x2, y2] = [to.left + to.width / 2 - room.left, to.top - room.top];
        return `M${x1} ${y1}C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`;
    }
    const [x1, y1] = [from.right - room.left, from.top + from.height / 2 - room.top],
        [x2, y2] = [to.left - room.left, to.top + to.height / 2 - room.top];
    return `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;
}

/** Shows the lines of one piece and its weights on the other side, or all lines if no piece is chosen.
 * @type {(chosen: Side | null, i: number) => void} */
function showShares(chosen, i) {
    const { lines, weights } = drawing,
        shares = chosen === "source" ? weights.map((row) => row[i]) : chosen ? weights[i] : [];
    for (const side of SIDES)
        drawing[side].forEach((button, j) => {
            const weight = side === chosen ? 0 : (shares[j] ?? 0);
            button.style.background = weight >= LEAST_SHARE ? weightColour(weight) : "";
            button.classList.toggle("strong", weight > 0.62);
            button.classList.toggle("chosen", side === chosen && i === j);
        });
    for (const path of lines.querySelectorAll("path"))
        path.classList.toggle("off", chosen !== null && path.dataset[chosen] !== String(i));
    byId("aligned-numbers").replaceChildren(
        ...(chosen === "source"
            ? [piece(sourcePieces()[i]), " is attended to by ", ...largestShares(shares, targetPieces())]
            : chosen
              ? [piece(targetPieces()[i]), " attends to ", ...largestShares(shares, sourcePieces())]
              : ["Point at a piece to see its weights."]),
    );
}

/** @type {(shares: number[], pieces: string[]) => (string | Node)[]} */
const largestShares = (shares, pieces) =>
    shares
        .map((weight, j) => ({ weight, text: pieces[j] }))
        .filter(({ weight }) => weight >= LEAST_SHARE)
        .sort((a, b) => b.weight - a.weight)
        .slice(0, N_SHARES)
        .flatMap(({ weight, text }, n) => [n ? ", " : "", piece(text), ` ${format(weight, 2)}`]);

/** Moves the focus along a side or to the other side.
 * @type {(side: Side, i: number, right: number, down: number) => void} */
function focusNext(side, i, right, down) {
    const { source, target, across } = drawing,
        [along, over] = across ? [right, down] : [down, right];
    const buttons = over > 0 || (over === 0 && side === "target") ? target : source;
    buttons[clamp(i + along, buttons.length)].focus();
}
