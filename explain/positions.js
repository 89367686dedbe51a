// The positional encoding as a picture, with the rows that the sentence uses.
import { checkpoint, decoderPieces, isOff, sentence, sourcePieces, view } from "./data.js";
import { byId, fill, html, inputById, piece, svg } from "./elements.js";
import { cellAt, colourEnd, legend, markRow, paintSigned, strip } from "./heatmaps.js";
import { clamp, dot, range } from "./numbers.js";
import { positionRow, positionRows } from "./tensors.js";

const N_SHOWN = 64; // or more, if the sentence is longer

const nShownPositions = () =>
    Math.min(checkpoint.max_positions, Math.max(N_SHOWN, sentence().source.length, sentence().target.length));

/** The end of the colours: sinusoids are at most 1. */
const end = () => (checkpoint.source_positions ? colourEnd(positionRows("encoder", nShownPositions()).values) : 1);

export function drawPositions() {
    const n = nShownPositions(),
        nSines = Math.ceil(checkpoint.d_model / 2),
        slider = inputById("position");
    /** @type {HTMLCanvasElement} */
    const canvas = html("canvas", {
        role: "img",
        "aria-label": `The positional encoding of ${n} positions`,
        onpointermove: (event) => choosePosition(cellAt(event, canvas)[0]),
    });
    paintSigned(canvas, positionRows("encoder", n), end());
    /** @type {(side: string, rows: number) => HTMLElement} */
    const bracket = (side, rows) =>
        html("div", { class: "bracket", style: `height: ${(100 * rows) / n}%` }, html("span", null, `${side}, ${rows} rows`));
    const columns = checkpoint.source_positions
        ? "the encoder's table; the decoder's is in its box of the figure"
        : `columns: ${nSines} sines, then as many cosines, each from fast on the left to slow on the right`;
    const unused = isOff("positions") ? "not added here, because positions are switched off; " : "";
    const shown = `${unused}rows 0 … ${n - 1} of ${checkpoint.max_positions}; ${columns}`;
    byId("sinusoids").replaceChildren(
        html(
            "div",
            { class: "brackets" },
            bracket("source", sentence().source.length),
            bracket("target", sentence().target.length),
        ),
        html("div", { class: "canvas" }, canvas, html("div", { class: "marker" })),
        html("p", { class: "under" }, html("span", null, shown), legend(-end(), end(), "signed")),
    );
    slider.max = String(n - 1);
    slider.oninput = () => choosePosition(Number(slider.value));
    choosePosition(view.position);
}

/** @param {number} p */
function choosePosition(p) {
    const n = nShownPositions(),
        position = (view.position = clamp(p, n)),
        row = positionRow("encoder", position),
        open = byId("position-row").querySelector("details")?.open ?? false;
    inputById("position").value = String(position);
    byId("position-name").replaceChildren(`position ${position}`, ...piecesAt(position));
    markRow(/** @type {HTMLElement} */ (byId("sinusoids").querySelector(".marker")), position, n);
    const alike = range(n, (other) => dot(row, positionRow("encoder", other)) / dot(row, row)),
        numbers = strip(`row ${position}`, row, end());
    fill(numbers, { open });
    byId("position-row").replaceChildren(numbers, similarity(alike, position));
}

/** The pieces to which this position is added.
 * @type {(position: number) => (string | Node)[]} */
const piecesAt = (position) =>
    [
        { pieces: sourcePieces(), name: "encoder.embedding" },
        { pieces: decoderPieces(), name: "decoder.embedding" },
    ]
        .filter(({ pieces }) => position < pieces.length)
        .flatMap(({ pieces, name }, i) => [i ? " and " : ": ", piece(pieces[position]), ` in ${name}`]);

/** The dot product of a row with every row, as a curve.
 * @type {(alike: number[], position: number) => HTMLElement} */
function similarity(alike, position) {
    /** @type {(p: number) => number} */
    const x = (p) => 8 + (584 * p) / Math.max(alike.length - 1, 1);
    /** @type {(a: number) => number} */
    const y = (a) => 84 - 66 * a;
    return html(
        "figure",
        { class: "curve" },
        svg(
            "svg",
            { viewBox: "0 0 600 100", role: "img", "aria-label": "Dot product with every row" },
            svg("path", { class: "axis", d: "M8 84H592" }),
            svg("text", { x: 580, y: 97 }, "0"),
            svg("polyline", { points: alike.map((a, p) => `${x(p)},${y(a)}`).join(" ") }),
            svg("circle", { cx: x(position), cy: y(1), r: 4 }),
        ),
        html(
            "figcaption",
            null,
            `The dot product of row ${position} with every row, divided by its squared length. It depends only on the `,
            "distance between the two rows and is largest nearby, wherever the row is.",
        ),
    );
}
