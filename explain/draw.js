// Elements, colours and heat maps. Text from the data goes in as text, never as markup.
"use strict";

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {}))
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (value === true) element.setAttribute(name, "");
        else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null));
    return element;
}

const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const byId = (id) => document.getElementById(id);
const SVG = byId("defs").namespaceURI;
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// A piece as the reader should see it: special tokens such as </s> look different from text.
const piece = (text) => html("span", { class: /^<.*>$/.test(text) ? "piece special" : "piece" }, text);
const code = (text) => html("code", null, text);

// ---- colours ----

let scales = null; // of the theme: lists of [r, g, b]

function readScales() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) =>
        style
            .getPropertyValue(name)
            .trim()
            .split(/\s+/)
            .map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
    scales = { weights: read("--weights"), signed: read("--signed") };
}

// The colour at t from 0 to 1 of a scale, as [r, g, b].
function colour(scale, t) {
    const place = Math.min(Math.max(t, 0), 1) * (scale.length - 1),
        low = Math.min(Math.floor(place), scale.length - 2);
    return scale[low].map((c, i) => Math.round(c + (scale[low + 1][i] - c) * (place - low)));
}

const css = (rgb) => `rgb(${rgb.join(" ")})`;
const weightColour = (weight) => css(colour(scales.weights, weight));

// ---- heat maps ----

// Draws numbers one pixel each; toColour gives [r, g, b], nothing of what is undefined.
function paint(canvas, rows, columns, numberAt, toColour) {
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext("2d"),
        image = context.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
        const number = numberAt(i);
        if (number !== undefined) image.data.set([...toColour(number), 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
}

// rows [of nColumns weights, or of fewer: no later key is seen]
function paintWeights(canvas, rows, nColumns) {
    paint(
        canvas,
        rows.length,
        nColumns,
        (i) => rows[Math.floor(i / nColumns)][i % nColumns],
        (weight) => colour(scales.weights, weight),
    );
}

// Where the colours of signed numbers end: a few far ones must not make all others pale.
function colourEnd(numbers) {
    const sizes = Float32Array.from(numbers, Math.abs).sort();
    return sizes[Math.floor(0.99 * (sizes.length - 1))] || sizes[sizes.length - 1] || 1;
}

// A tensor as a picture to move over with the pointer or the arrow keys, the number under it, and a row's numbers.
function heatMap(name, of, pieces) {
    const end = colourEnd(of.at);
    const canvas = html("canvas", {
        tabindex: 0,
        role: "img",
        "aria-label": `${name}, ${of.rows} rows, ${of.columns} columns; arrow keys move`,
    });
    paint(
        canvas,
        of.rows,
        of.columns,
        (i) => of.at[i],
        (x) => colour(scales.signed, 0.5 + (0.5 * x) / end),
    );
    canvas.style.height = `${Math.max(16, Math.min(7 * of.rows, 180))}px`;
    const marker = html("div", { class: "marker" }),
        readout = html("output", { class: "readout" });
    const list = html("div", { class: "numbers" }),
        summary = html("summary");
    const details = html("details", { ontoggle: showNumbers }, summary, list);
    let row = 0,
        column = 0;

    function showNumbers() {
        if (details.open) list.replaceChildren(...Array.from(rowOf(of, row), (x) => html("span", null, format(x))));
    }
    function move(toRow, toColumn) {
        const sameRow = toRow === row;
        row = Math.min(Math.max(toRow, 0), of.rows - 1);
        column = Math.min(Math.max(toColumn, 0), of.columns - 1);
        readout.replaceChildren(
            piece(pieces[row]),
            ` row ${row}, column ${column}: `,
            html("b", null, format(of.at[row * of.columns + column])),
        );
        marker.style.top = `${(100 * row) / of.rows}%`;
        marker.style.height = `${100 / of.rows}%`;
        summary.replaceChildren("The numbers of ", piece(pieces[row]));
        if (!sameRow) showNumbers();
    }
    canvas.addEventListener("pointermove", (event) => {
        const box = canvas.getBoundingClientRect();
        move(
            Math.floor(((event.clientY - box.top) / box.height) * of.rows),
            Math.floor(((event.clientX - box.left) / box.width) * of.columns),
        );
    });
    canvas.addEventListener("keydown", (event) => {
        const by = ARROWS[event.key];
        if (by) {
            event.preventDefault();
            move(row + by[1], column + by[0]);
        }
    });
    move(0, 0);
    return html(
        "figure",
        { class: "heat", "data-tensor": name },
        html("figcaption", null, code(name), html("span", { class: "shape" }, `${of.rows} × ${of.columns}`)),
        html("div", { class: "canvas" }, canvas, marker),
        html("div", { class: "under" }, readout, legend(-end, end, "--signed")),
        details,
    );
}

// From a key to [to the right, down].
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const legend = (low, high, scale) =>
    html(
        "span",
        { class: "legend" },
        format(low, 1),
        html("i", { style: `background: linear-gradient(to right, ${scales[scale.slice(2)].map(css).join(", ")})` }),
        format(high, 1),
    );

// A row of numbers as a strip, with the numbers themselves to open.
function strip(label, numbers, end) {
    const canvas = html("canvas", { class: "strip", role: "img", "aria-label": `${label}: ${numbers.length} numbers` });
    paint(
        canvas,
        1,
        numbers.length,
        (i) => numbers[i],
        (x) => colour(scales.signed, 0.5 + (0.5 * x) / end),
    );
    const list = html("div", { class: "numbers" });
    const show = (event) =>
        event.target.open && list.replaceChildren(...Array.from(numbers, (x) => html("span", null, format(x))));
    return html(
        "details",
        { class: "strip", ontoggle: show },
        html("summary", null, html("span", { class: "label" }, label), canvas),
        list,
    );
}

// A probability as a bar with its number.
const bar = (p, text) =>
    html("span", { class: "bar" }, html("i", { style: `width: ${100 * p}%` }), html("b", null, text ?? percent(p)));

// ---- controls ----

// One of several: radio buttons that look like a row of tabs. options: [value, label].
function choice(name, options, value, choose) {
    return options.map(([of, label]) =>
        html(
            "label",
            null,
            html("input", { type: "radio", name, value: of, checked: of === value, onchange: () => choose(of) }),
            html("span", null, label),
        ),
    );
}
