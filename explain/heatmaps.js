// Colours, and numbers shown as pictures.
import { code, html, onArrow, rowName, shape } from "./elements.js";
import { clamp, format } from "./numbers.js";
import { rowOf } from "./tensors.js";

/** @import { RowName } from "./data.js" */
/** @import { Tensor } from "./tensors.js" */

/**
 * @typedef {[red: number, green: number, blue: number]} Colour
 * @typedef {Colour[]} Scale    from the colour of 0 to the colour of 1
 */

/** The colour scales of the theme: for weights from 0 to 1, and for signed numbers from -end to end.
 * @type {{ weights: Scale, signed: Scale }} */
let scales;

export function readScales() {
    const style = getComputedStyle(document.documentElement);
    /** @type {(hex: string) => Colour} */
    const rgb = (hex) => [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];
    /** @type {(name: string) => Scale} */
    const read = (name) => style.getPropertyValue(name).trim().split(/\s+/).map(rgb);
    scales = { weights: read("--weights"), signed: read("--signed") };
}

/** The colour at t from 0 to 1.
 * @type {(scale: Scale, t: number) => Colour} */
function colour(scale, t) {
    const place = Math.min(Math.max(t, 0), 1) * (scale.length - 1),
        low = Math.min(Math.floor(place), scale.length - 2);
    return /** @type {Colour} */ (scale[low].map((c, i) => Math.round(c + (scale[low + 1][i] - c) * (place - low))));
}

/** @type {(rgb: Colour) => string} */
const css = (rgb) => `rgb(${rgb.join(" ")})`;

/** @type {(weight: number) => string} */
export const weightColour = (weight) => css(colour(scales.weights, weight));

/** Draws one pixel for each number; undefined leaves it transparent.
 * @param {HTMLCanvasElement} canvas
 * @param {number} rows
 * @param {number} columns
 * @param {(index: number) => number | undefined} numberAt
 * @param {(number: number) => Colour} toColour */
function paint(canvas, rows, columns, numberAt, toColour) {
    canvas.width = columns;
    canvas.height = rows;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")),
        image = context.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
        const number = numberAt(i);
        if (number !== undefined) image.data.set([...toColour(number), 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
}

/** Draws rows of nColumns weights, or fewer where later keys are hidden.
 * @type {(canvas: HTMLCanvasElement, rows: number[][], nColumns: number) => void} */
export const paintWeights = (canvas, rows, nColumns) =>
    paint(
        canvas,
        rows.length,
        nColumns,
        (i) => rows[Math.floor(i / nColumns)][i % nColumns],
        (weight) => colour(scales.weights, weight),
    );

/** Draws signed numbers; -end and end have the strongest colours.
 * @type {(canvas: HTMLCanvasElement, numbers: Tensor, end: number) => void} */
export const paintSigned = (canvas, { rows, columns, values }, end) =>
    paint(
        canvas,
        rows,
        columns,
        (i) => values[i],
        (x) => colour(scales.signed, 0.5 + (0.5 * x) / end),
    );

/** The magnitude with the strongest colour: the 99th percentile, so that a few outliers do not make all others pale.
 * @type {(numbers: Iterable<number>) => number} */
export function colourEnd(numbers) {
    const sizes = Float32Array.from(numbers, Math.abs).sort();
    return sizes[Math.floor(0.99 * (sizes.length - 1))] || sizes[sizes.length - 1] || 1;
}

/** @type {(low: number, high: number, scale: "weights" | "signed") => HTMLElement} */
export const legend = (low, high, scale) =>
    html(
        "span",
        { class: "legend" },
        format(low, 1),
        html("i", { style: `background: linear-gradient(to right, ${scales[scale].map(css).join(", ")})` }),
        format(high, 1),
    );

/** The row and column of a canvas at the pointer.
 * @type {(event: PointerEvent, canvas: HTMLCanvasElement) => [row: number, column: number]} */
export function cellAt(event, canvas) {
    const box = canvas.getBoundingClientRect();
    return [
        Math.floor(((event.clientY - box.top) / box.height) * canvas.height),
        Math.floor(((event.clientX - box.left) / box.width) * canvas.width),
    ];
}

/** Moves the marker of a canvas of `rows` rows.
 * @type {(marker: HTMLElement, row: number, rows: number) => void} */
export function markRow(marker, row, rows) {
    marker.style.top = `${(100 * row) / rows}%`;
    marker.style.height = `${100 / rows}%`;
}

/** @type {(list: HTMLElement, numbers: Float32Array) => void} */
const listNumbers = (list, numbers) => list.replaceChildren(...Array.from(numbers, (x) => html("span", null, format(x))));

/** A tensor as a picture to explore with the pointer or the arrow keys; shows the number there and the numbers of its row.
 * @param {string} name
 * @param {Tensor} tensor
 * @param {RowName[]} names     of its rows */
export function heatMap(name, tensor, names) {
    const { rows, columns, values } = tensor,
        end = colourEnd(values);
    const label = `${name}, ${rows} rows, ${columns} columns; move with the arrow keys`;
    const canvas = html("canvas", { tabindex: 0, role: "img", "aria-label": label });
    const marker = html("div", { class: "marker" }),
        readout = html("output"),
        list = html("div", { class: "numbers" }),
        summary = html("summary");
    const showNumbers = () => details.open && listNumbers(list, rowOf(tensor, row));
    const details = html("details", { ontoggle: showNumbers }, summary, list);
    let row = 0,
        column = 0;

    /** @type {(toRow: number, toColumn: number) => void} */
    function move(toRow, toColumn) {
        const before = row;
        row = clamp(toRow, rows);
        column = clamp(toColumn, columns);
        const number = html("b", null, format(values[row * columns + column]));
        readout.replaceChildren(rowName(names[row]), ` row ${row}, column ${column}: `, number);
        markRow(marker, row, rows);
        summary.replaceChildren("All numbers of ", rowName(names[row]));
        if (row !== before) showNumbers();
    }
    canvas.addEventListener("pointermove", (event) => move(...cellAt(event, canvas)));
    canvas.addEventListener(
        "keydown",
        onArrow((right, down) => move(row + down, column + right)),
    );
    paintSigned(canvas, tensor, end);
    canvas.style.height = `${Math.max(16, Math.min(7 * rows, 180))}px`;
    move(0, 0);
    return html(
        "figure",
        { class: "heat", "data-tensor": name },
        html("figcaption", null, code(name), shape(rows, columns)),
        html("div", { class: "canvas" }, canvas, marker),
        html("div", { class: "under" }, readout, legend(-end, end, "signed")),
        details,
    );
}

/** A row of numbers as a strip, which opens to show the numbers themselves.
 * @type {(label: string, numbers: Float32Array, end: number) => HTMLElement} */
export function strip(label, numbers, end) {
    const canvas = html("canvas", { role: "img", "aria-label": `${label}: ${numbers.length} numbers` }),
        list = html("div", { class: "numbers" });
    paintSigned(canvas, { rows: 1, columns: numbers.length, values: numbers }, end);
    return html(
        "details",
        { class: "strip", ontoggle: () => listNumbers(list, numbers) },
        html("summary", null, html("span", { class: "label" }, label), canvas),
        list,
    );
}
