// The sinusoids as a picture, and where the rows of the sentence lie in it.
"use strict";

const nShownPositions = () =>
    Math.min(checkpoint.max_positions, Math.max(64, sentence().source.length, sentence().target.length));

function drawPositions() {
    const n = nShownPositions(),
        of = positionRows(n),
        nSrc = sentence().source.length,
        nTgt = sentence().target.length;
    const canvas = html("canvas", {
        role: "img",
        "aria-label": `The sinusoids of ${n} positions`,
        onpointermove: (event) => {
            const box = canvas.getBoundingClientRect();
            choosePosition(Math.floor(((event.clientY - box.top) / box.height) * n));
        },
    });
    paint(
        canvas,
        n,
        of.columns,
        (i) => of.at[i],
        (x) => colour(scales.signed, 0.5 + 0.5 * x),
    );
    const bracket = (label, rows) =>
        html("div", { class: "bracket", style: `height: ${(100 * rows) / n}%` }, html("span", null, label));
    byId("sinusoids").replaceChildren(
        html(
            "div",
            { class: "brackets" },
            bracket(`source, ${nSrc} rows`, nSrc),
            bracket(`target, ${nTgt} rows`, nTgt),
        ),
        html("div", { class: "canvas" }, canvas, html("div", { class: "marker" })),
        html(
            "p",
            { class: "under" },
            html(
                "span",
                null,
                `rows 0 … ${n - 1} of ${checkpoint.max_positions}; columns: `,
                `${Math.ceil(checkpoint.d_model / 2)} sines, then cosines, fast on the left of each half`,
            ),
            legend(-1, 1, "--signed"),
        ),
    );
    const slider = byId("position");
    slider.max = n - 1;
    slider.oninput = () => choosePosition(Number(slider.value));
    choosePosition(view.position);
}

function choosePosition(p) {
    const n = nShownPositions();
    view.position = Math.min(Math.max(p, 0), n - 1);
    const { position } = view,
        row = positionRow(position),
        pieces = [];
    for (const [side, of] of [
        ["encoder", sourcePieces()],
        ["decoder", decoderPieces()],
    ])
        if (position < of.length)
            pieces.push(pieces.length ? " and of " : ", of ", piece(of[position]), ` in ${side}.embedding`);
    byId("position").value = position;
    byId("position-name").replaceChildren(`position ${position}`, ...pieces);
    const marker = byId("sinusoids").querySelector(".marker");
    marker.style.top = `${(100 * position) / n}%`;
    marker.style.height = `${100 / n}%`;
    const alike = Array.from({ length: n }, (_, other) => dot(row, positionRow(other)) / dot(row, row));
    const open = byId("position-row").querySelector("details")?.open;
    byId("position-row").replaceChildren(strip(`row ${position}`, row, 1), curveOf(alike, position));
    byId("position-row").querySelector("details").open = Boolean(open);
}

// How alike a row is to all rows: their product depends on the distance alone.
function curveOf(alike, position) {
    const n = alike.length,
        x = (p) => 8 + (584 * p) / Math.max(n - 1, 1),
        y = (a) => 84 - 66 * a;
    return html(
        "figure",
        { class: "curve" },
        svg(
            "svg",
            { viewBox: "0 0 600 100", role: "img", "aria-label": "Product with each other row" },
            svg("path", { class: "axis", d: "M8 84H592" }),
            svg("text", { x: 580, y: 97 }, "0"),
            svg("polyline", { points: alike.map((a, p) => `${x(p)},${y(a)}`).join(" ") }),
            svg("circle", { cx: x(position), cy: y(1), r: 4 }),
        ),
        html(
            "figcaption",
            null,
            `Row ${position} times each row, over its length squared: it falls with the distance, `,
            "alike on both sides, so near is near wherever it is.",
        ),
    );
}
