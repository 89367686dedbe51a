// Figure 1 of the paper with this checkpoint's layers and shapes, and the panel of a chosen box.
"use strict";

// What a box is: its title and colour, its formula, the file and function that compute it, and what its panel shows.
const KINDS = {
    embedding: {
        title: "Embedding",
        file: "model/embedding.c",
        function: "model_embed",
        formula: () => `x = Embedding(id)${checkpoint.scale_embedding ? " · √d_model" : ""}`,
    },
    positions: {
        title: "Positional Encoding",
        file: "model/embedding.c",
        function: "embedding_positions",
        formula: () => "PE(p, i) = sin(p / 10000^(2i/d_model)), and cos of the same angles",
    },
    encoder_self: {
        title: "Multi-Head Attention",
        file: "attention/encoder_self.c",
        function: "attention_encoder_self",
        formula: attentionFormula("K = x W^K", "V = x W^V"),
        colour: "attention",
    },
    decoder_self: {
        title: "Masked Multi-Head Attention",
        file: "attention/decoder_self.c",
        function: "attention_decoder_self",
        formula: attentionFormula("K = x W^K", "V = x W^V"),
        colour: "attention",
        note: "The mask is a length: row i sees the first i + 1 keys.",
    },
    cross: {
        title: "Multi-Head Attention",
        file: "attention/cross.c",
        function: "attention_cross",
        formula: attentionFormula("K = encoded W^K", "V = encoded W^V"),
        colour: "attention",
        note:
            "Queries come from the decoder; keys and values come from the encoder's output, once per sentence " +
            "(attention_cross_fill_cache).",
    },
    norm: {
        title: "Add & Norm",
        file: "model/add_and_norm.c",
        function: "model_add_and_norm",
        formula: () => "LayerNorm(x + Sublayer(x))",
    },
    feed_forward: {
        title: "Feed Forward",
        file: "model/feed_forward.c",
        function: "model_feed_forward",
        formula: () =>
            checkpoint.activation === "relu"
                ? "FFN(x) = max(0, x W_1 + b_1) W_2 + b_2"
                : `FFN(x) = ${checkpoint.activation}(x W_1 + b_1) W_2 + b_2`,
    },
    linear: {
        title: "Linear",
        file: "model/decoder.c",
        function: "model_output",
        formula: () => "logits = x W^T + b",
    },
    softmax: {
        title: "Softmax",
        file: "kernels/plain.c",
        function: "softmax",
        formula: () => "p_i = exp(logit_i) / Σ_j exp(logit_j)",
        note: "Greedy search (model/greedy.c, greedy_search) takes the most probable piece.",
    },
};

function attentionFormula(keys, values) {
    return (name) =>
        `Attention(Q, K, V) = softmax(Q K^T / √d_k) V,  d_k = d_head = ${dHead(name)}; ` +
        `Q = x W^Q, ${keys}, ${values}`;
}

// A formula with ^… and _… raised and lowered.
function formula(text) {
    const parts = text.split(/([\^_](?:\([^)]*\)|\w+))/);
    return html(
        "span",
        null,
        ...parts.map((part) =>
            part[0] === "^" && part.length > 1
                ? html("sup", null, part.slice(1).replace(/^\((.*)\)$/, "$1"))
                : part[0] === "_" && part.length > 1
                  ? html("sub", null, part.slice(1))
                  : part,
        ),
    );
}

// The boxes of a side from the input up, each with the name of what it computes and where its input comes from.
function boxesOf(side) {
    const boxes = [],
        n_layers = checkpoint[side].n_layers;
    let x = `${side}.embedding`;
    boxes.push({ id: x, kind: "embedding" }, { id: `${side}.positions`, kind: "positions" });
    for (let l = 0; l < n_layers; l++) {
        const sublayers =
            side === "encoder"
                ? [
                      ["self_attention", "encoder_self"],
                      ["feed_forward", "feed_forward"],
                  ]
                : [
                      ["self_attention", "decoder_self"],
                      ["cross_attention", "cross"],
                      ["feed_forward", "feed_forward"],
                  ];
        for (const [part, kind] of sublayers) {
            const name = `${side}.${l}.${part}`;
            boxes.push(
                { id: name, kind, x, layer: l },
                { id: `${name}_norm`, kind: "norm", x, sublayer: name, layer: l },
            );
            x = `${name}_norm`;
        }
    }
    if (side === "decoder") boxes.push({ id: "output", kind: "linear", x }, { id: "softmax", kind: "softmax" });
    return boxes;
}

const allBoxes = () => [...boxesOf("encoder"), ...boxesOf("decoder")];
const encodedName = () => `encoder.${checkpoint.encoder.n_layers - 1}.feed_forward_norm`;

// ---- the map ----

const MAP = { width: 424, columns: { encoder: 106, decoder: 318 }, bus: 212, box: 152, gap: 19, frame: 202 };

const HEIGHTS = {
    embedding: 26,
    encoder_self: 26,
    decoder_self: 40,
    cross: 26,
    norm: 22,
    feed_forward: 26,
    linear: 26,
    softmax: 26,
};

function drawMap() {
    const { d_model, n_target_vocabulary } = checkpoint,
        nSrc = sentence().source.length,
        nTgt = sentence().target.length;
    const shapes = [],
        boxes = [],
        frames = [];
    const tops = {}; // y of each side's output
    const crossings = []; // y where the encoder's output enters the decoder
    // An arrow upwards, and the shape of what flows beside it, away from the residual connections.
    const arrow = (x, from, to, text, textY = (from + to) / 2 + 4) => {
        const left = x === MAP.columns.decoder;
        shapes.push(svg("path", { class: "arrow", d: `M${x} ${from}V${to + 1}`, "marker-end": "url(#tip)" }));
        if (text)
            shapes.push(
                svg(
                    "text",
                    { class: "shape", x: x + (left ? -6 : 6), y: textY, "text-anchor": left ? "end" : "start" },
                    text,
                ),
            );
    };
    // Draws upwards from y = 0 (negative is up); the view box is set at the end.
    for (const side of ["encoder", "decoder"]) {
        const x = MAP.columns[side],
            n = side === "encoder" ? nSrc : nTgt,
            outer = side === "encoder" ? -1 : 1;
        const stream = `${n} × ${d_model}`,
            all = boxesOf(side);
        let y = 0,
            layerStart = 0,
            residualStart = 0;
        const put = (box, title) => {
            const height = HEIGHTS[box.kind];
            y -= height;
            boxes.push(mapBox(box, title, x - MAP.box / 2, y, MAP.box, height));
        };
        shapes.push(
            svg(
                "text",
                { class: "end", x, y: y - 2 },
                side === "encoder" ? "Inputs" : "Outputs so far (shifted right)",
            ),
        );
        y -= 16;
        arrow(x, y, y - MAP.gap, `${n} ids`);
        y -= MAP.gap;
        put(all[0], side === "encoder" ? "Input Embedding" : "Output Embedding");
        arrow(x, y, y - 16);
        y -= 26;
        const edge = x + (outer * MAP.frame) / 2,
            from = outer < 0 ? edge + 4 : edge - 72;
        boxes.push(mapBox(all[1], "Positional Encoding", from, y - 15, 68, 30));
        shapes.push(
            svg("circle", { class: "plus", cx: x, cy: y, r: 9 }),
            svg("path", { class: "arrow", d: `M${x - 5} ${y}h10M${x} ${y - 5}v10` }),
            svg("path", {
                class: "arrow",
                d: `M${outer < 0 ? from + 68 : from} ${y}H${x + outer * 10}`,
                "marker-end": "url(#tip)",
            }),
        );
        y -= 9;
        for (const box of all.slice(2)) {
            if (box.kind === "linear") {
                arrow(x, y, y - 30, stream, y - 13);
                y -= 30;
                put(box, "Linear");
                continue;
            }
            if (box.kind === "softmax") {
                arrow(x, y, y - MAP.gap, `${n} × ${n_target_vocabulary}`);
                y -= MAP.gap;
                put(box, "Softmax");
                continue;
            }
            const first = /\d\.self_attention$/.test(box.id);
            if (first) {
                arrow(x, y, y - 34, stream, y - 11);
                y -= 34;
                layerStart = y + 12;
                residualStart = y + 7;
            } else {
                arrow(x, y, y - MAP.gap, stream);
                if (box.kind !== "norm") residualStart = y - 7;
                y -= MAP.gap;
            }
            if (box.kind === "cross") crossings.push(y - HEIGHTS.cross / 2);
            put(box, KINDS[box.kind].title);
            if (box.kind === "norm") {
                // the residual connection, around the sublayer
                const around = x + outer * (MAP.box / 2 + 12),
                    middle = y + HEIGHTS.norm / 2;
                shapes.push(
                    svg("path", {
                        class: "arrow residual",
                        "marker-end": "url(#tip)",
                        d: `M${x} ${residualStart}H${around}V${middle}H${x + outer * (MAP.box / 2 + 1)}`,
                    }),
                );
            }
            if (box.id.endsWith("feed_forward_norm")) {
                frames.push(
                    svg("rect", {
                        class: "frame",
                        x: x - MAP.frame / 2,
                        y: y - 8,
                        width: MAP.frame,
                        height: layerStart - y + 8,
                        rx: 8,
                    }),
                );
                shapes.push(
                    svg(
                        "text",
                        {
                            class: "layer",
                            x: x - outer * (MAP.frame / 2 - 6),
                            y: y + 4,
                            "text-anchor": outer < 0 ? "end" : "start",
                        },
                        String(box.layer),
                    ),
                );
            }
        }
        tops[side] = y;
        if (side === "decoder") {
            arrow(x, y, y - MAP.gap);
            tops.decoder = y - MAP.gap;
            shapes.push(svg("text", { class: "end", x, y: tops.decoder - 6 }, "Output probabilities"));
        }
    }
    const start = tops.encoder - 20,
        lowest = Math.max(start, ...crossings),
        highest = Math.min(start, ...crossings);
    shapes.push(
        svg("path", { class: "arrow", d: `M${MAP.columns.encoder} ${tops.encoder}V${start}H${MAP.bus}` }),
        svg("path", { class: "arrow", d: `M${MAP.bus} ${highest}V${lowest}` }),
        svg("text", { class: "shape", x: MAP.columns.encoder + 8, y: start - 5 }, `encoded ${nSrc} × ${d_model}`),
    );
    for (const y of crossings)
        shapes.push(
            svg("path", {
                class: "arrow",
                d: `M${MAP.bus} ${y}H${MAP.columns.decoder - MAP.box / 2 - 1}`,
                "marker-end": "url(#tip)",
            }),
        );
    const top = Math.min(tops.encoder - 20, tops.decoder) - 26;
    byId("map").replaceChildren(
        svg(
            "svg",
            {
                viewBox: `0 ${top} ${MAP.width} ${-top + 8}`,
                role: "group",
                "aria-label": "Figure 1",
            },
            ...frames,
            ...shapes,
            ...boxes,
        ),
    );
}

function mapBox(box, title, x, y, width, height) {
    const words = title.split(" "),
        two = height > 28,
        half = two ? Math.ceil(words.length / 2) : words.length;
    const lines = [words.slice(0, half).join(" "), words.slice(half).join(" ")].filter(Boolean);
    const small = width < MAP.box ? " small" : "";
    return svg(
        "g",
        {
            class: `box ${KINDS[box.kind].colour ?? box.kind}${small}`,
            tabindex: box.id === view.box ? 0 : -1,
            role: "button",
            "aria-pressed": String(box.id === view.box),
            "aria-label": `${box.id}: ${title}`,
            "data-box": box.id,
            "data-side": box.id.startsWith("encoder") ? "encoder" : "decoder",
            "data-y": y,
            onclick: () => chooseBox(box.id),
            onkeydown: (event) => stepBox(event, box.id),
        },
        svg("rect", { x, y, width, height, rx: 5 }),
        ...lines.map((line, i) =>
            svg(
                "text",
                {
                    x: x + width / 2,
                    y: y + height / 2 + 4 + (i - (lines.length - 1) / 2) * (small ? 11 : 15),
                },
                line,
            ),
        ),
    );
}

function chooseBox(id) {
    view.box = id;
    for (const box of byId("map").querySelectorAll(".box")) {
        box.setAttribute("aria-pressed", String(box.dataset.box === id));
        box.setAttribute("tabindex", box.dataset.box === id ? 0 : -1);
    }
    drawBox();
}

// Up and down along a side, left and right to the nearest box of the other one; Enter and space choose.
function stepBox(event, id) {
    const by = ARROWS[event.key],
        boxes = [...byId("map").querySelectorAll(".box")];
    if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        return chooseBox(id);
    }
    if (!by) return;
    event.preventDefault();
    const here = boxes.find((box) => box.dataset.box === id);
    const side = by[0] < 0 ? "encoder" : by[0] > 0 ? "decoder" : here.dataset.side;
    const column = boxes.filter((box) => box.dataset.side === side).sort((a, b) => a.dataset.y - b.dataset.y);
    const place = column.indexOf(here),
        distance = (box) => Math.abs(box.dataset.y - here.dataset.y);
    const next = place < 0 ? column.reduce((a, b) => (distance(b) < distance(a) ? b : a)) : column[place + by[1]];
    if (next) {
        chooseBox(next.dataset.box);
        next.focus();
    }
}

// ---- the panel ----

function drawBox() {
    const box = allBoxes().find((b) => b.id === view.box),
        kind = KINDS[box.kind];
    const heats = (names) => names.map((name) => heatMap(name, tensor(name), piecesOfRows(name)));
    const parts = {
        embedding: () => [heading("In"), idList(box.id), heading("Out, with the positions added"), ...heats([box.id])],
        positions: () => {
            const pieces = piecesOfRows(box.id);
            return [heading("Out"), heatMap(box.id, positionRows(pieces.length), pieces)];
        },
        encoder_self: () => attentionParts(box, [box.x]),
        decoder_self: () => attentionParts(box, [box.x]),
        cross: () => attentionParts(box, [box.x, encodedName()]),
        norm: () => [heading("In"), ...heats([box.x, box.sublayer]), heading("Out"), ...heats([box.id])],
        feed_forward: () => [
            heading("In"),
            ...heats([box.x]),
            heading("Between the two layers"),
            strongest(`${box.id}.inner`),
            heading("Out"),
            ...heats([box.id]),
        ],
        linear: () => [heading("In"), ...heats([box.x]), heading("Out"), outputNote()],
        softmax: () => [heading("In"), outputNote(), heading("Out: the chosen piece of each row"), chosenPieces()],
    };
    const attentionParts = (of, inputs) => [
        heading("In"),
        ...heats(inputs),
        heading("Queries, keys, values"),
        ...heats([`${of.id}.query`, `${of.id}.key`, `${of.id}.value`]),
        html(
            "p",
            null,
            html(
                "a",
                { href: "#attention", onclick: () => chooseHead(of.id, view.head) },
                "Its weights, and the way to each of them",
            ),
        ),
        heading("Out"),
        ...heats([of.id]),
    ];
    const idList = (name) =>
        html(
            "p",
            { class: "ids" },
            ...(name.startsWith("encoder") ? sentence().source : [startPiece, ...sentence().target.slice(0, -1)]).map(
                (token) => html("span", null, piece(token.piece), token.id === null ? " start" : ` ${token.id}`),
            ),
        );
    byId("box").replaceChildren(
        html("h3", null, kind.title),
        html("p", null, code(box.id)),
        html("p", { class: "formula" }, ...kind.formula(box.id).split("; ").map(formula)),
        ...(kind.note ? [html("p", { class: "note" }, kind.note)] : []),
        html("p", { class: "note" }, "Computed by ", code(kind.function), " in ", code(kind.file), "."),
        ...parts[box.kind](),
    );
    byId("box").scrollTop = 0;
}

const heading = (text) => html("h4", null, text);

// The inner layer is wide: the strongest of each row's numbers.
function strongest(name) {
    const { rows, columns, strongest: all } = sentence().trace[name],
        pieces = piecesOfRows(name);
    return html(
        "figure",
        { class: "strongest", "data-tensor": name },
        html("figcaption", null, code(name), html("span", { class: "shape" }, `${rows} × ${columns}`)),
        html(
            "div",
            { class: "scroll", tabindex: 0 },
            html(
                "table",
                null,
                html(
                    "thead",
                    null,
                    html(
                        "tr",
                        null,
                        html("th", null, "row"),
                        html("th", null, "above 0"),
                        html("th", null, "strongest, as column: number"),
                    ),
                ),
                html(
                    "tbody",
                    null,
                    ...all.map((row, i) =>
                        html(
                            "tr",
                            null,
                            html("th", { scope: "row" }, piece(pieces[i])),
                            html("td", null, String(row.positive)),
                            html(
                                "td",
                                { class: "pairs" },
                                ...row.numbers
                                    .filter(([, x]) => x !== 0)
                                    .map(([column, x]) =>
                                        html("span", null, `${column}: `, html("b", null, format(x))),
                                    ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    );
}

const outputNote = () =>
    html(
        "p",
        null,
        code("output"),
        ": ",
        html("span", { class: "shape" }, `${sentence().target.length} × ${checkpoint.n_target_vocabulary}`),
        " logits, a row per step. ",
        html("a", { href: "#decoding" }, "Their best pieces, step by step"),
    );

function chosenPieces() {
    const reading = sentence().trace.output.reading;
    return html(
        "table",
        null,
        html(
            "tbody",
            null,
            ...sentence().target.map((token, t) =>
                html(
                    "tr",
                    null,
                    html("th", { scope: "row" }, String(t)),
                    html("td", null, piece(token.piece)),
                    html("td", { class: "wide" }, bar(reading[t].chosen)),
                ),
            ),
        ),
    );
}
