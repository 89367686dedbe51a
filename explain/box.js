// The boxes of Figure 1, and the panel of the chosen one.
import { chooseHead } from "./attention.js";
import { checkpoint, dHead, decoderRows, decoderTokens, namesOfRows, sentence, stackName, view } from "./data.js";
import {
    barCell,
    byId,
    cell,
    code,
    formula,
    html,
    note,
    paragraph,
    piece,
    rowHeader,
    rowName,
    shape,
    table,
    tableRow,
} from "./elements.js";
import { heatMap } from "./heatmaps.js";
import { format, range } from "./numbers.js";
import places from "./places.json" with { type: "json" };
import { positionRows, tensor } from "./tensors.js";

/** @import { StackName } from "./data.js" */

/**
 * @typedef {keyof typeof places.boxes} BoxKind
 *
 * @typedef {object} Box
 * @property {string} id            the trace name of what it computes, if it has one
 * @property {BoxKind} kind
 * @property {string[]} inputs      trace names
 * @property {number} [layer]
 *
 * @typedef {object} Kind
 * @property {string} title
 * @property {(id: string) => string} formula   ^… and _… are raised and lowered, "; " starts a new line
 * @property {string} [colour]                  the style sheet's name, if it is not the kind's
 * @property {string} [note]
 */

/** @type {(keys: string, values: string) => (id: string) => string} */
const attentionFormula = (keys, values) => (id) =>
    `Attention(Q, K, V) = softmax(Q K^T / √d_k) V,  d_k = d_head = ${dHead(id)}; Q = x W^Q, ${keys}, ${values}`;

/** @type {Record<BoxKind, Kind>} */
export const KINDS = {
    embedding: {
        title: "Embedding",
        formula: () => `x = Embedding(id)${checkpoint.scale_embedding ? " · √d_model" : ""}`,
    },
    positions: {
        title: "Positional Encoding",
        formula: () =>
            checkpoint.source_positions
                ? "PE(p) = row p of a table, which was learned or computed elsewhere"
                : "PE(p, i) = sin(p / 10000^(2i/d_model)), and cos of the same angles",
    },
    encoder_self: {
        title: "Multi-Head Attention",
        formula: attentionFormula("K = x W^K", "V = x W^V"),
        colour: "attention",
    },
    decoder_self: {
        title: "Masked Multi-Head Attention",
        formula: attentionFormula("K = x W^K", "V = x W^V"),
        colour: "attention",
        note: "There is no mask: row i is given only the first i + 1 keys.",
    },
    cross: {
        title: "Multi-Head Attention",
        formula: attentionFormula("K = encoded W^K", "V = encoded W^V"),
        colour: "attention",
        note:
            "Queries come from the decoder. Keys and values are computed from the encoder's output, once per sentence " +
            "(attention_cross_fill_cache).",
    },
    norm: { title: "Add & Norm", formula: () => "LayerNorm(x + Sublayer(x))" },
    norm_alone: { title: "Norm", formula: () => "LayerNorm(x)", colour: "norm" },
    norm_before: {
        title: "Norm",
        formula: () => "LayerNorm(x)",
        colour: "norm",
        note: "Pre-norm: the sublayer reads the norm; the residual connection goes around both.",
    },
    add: { title: "Add", formula: () => "x + Sublayer(LayerNorm(x))", colour: "norm" },
    feed_forward: {
        title: "Feed Forward",
        formula: () =>
            checkpoint.activation === "relu"
                ? "FFN(x) = max(0, x W_1 + b_1) W_2 + b_2"
                : `FFN(x) = ${checkpoint.activation.replace("_", " by ")}(x W_1 + b_1) W_2 + b_2`,
    },
    linear: { title: "Linear", formula: () => "logits = x W^T + b" },
    softmax: {
        title: "Softmax",
        formula: () => "p_i = exp(logit_i) / Σ_j exp(logit_j)",
        note:
            `Greedy search (greedy_search in ${places.functions.greedy_search}) chooses the most probable piece; ` +
            "beam search (model/beam.c) follows several, and sampling (model/sample.c) draws one.",
    },
};

/** The boxes of a side, from the bottom up.
 * @param {StackName} side
 * @returns {Box[]} */
function boxesOf(side) {
    const { n_layers } = checkpoint[side],
        { norm } = checkpoint,
        lastEncoded = `encoder.${checkpoint.encoder.n_layers - 1}.feed_forward_${norm.before ? "residual" : "norm"}`,
        encoded = norm.final ? "encoder.final_norm" : lastEncoded;
    let x = `${side}.embedding`;
    /** @type {(layer: number, part: string, kind: BoxKind, ...others: string[]) => Box[]} */
    const sublayer = (layer, part, kind, ...others) => {
        const id = `${side}.${layer}.${part}`,
            stream = x,
            normed = `${id}_norm`;
        x = norm.before ? `${id}_residual` : normed;
        return norm.before
            ? [
                  box(normed, "norm_before", [stream], layer),
                  box(id, kind, [normed, ...others], layer),
                  box(x, "add", [stream, id], layer),
              ]
            : [box(id, kind, [stream, ...others], layer), box(normed, "norm", [stream, id], layer)];
    };
    /** A norm outside of the layers, if the checkpoint has it.
     * @type {(exists: boolean, name: string) => Box[]} */
    const outerNorm = (exists, name) => {
        if (!exists) return [];
        const boxes = [box(name, "norm_alone", [x])];
        x = name;
        return boxes;
    };
    /** @type {(id: string, kind: BoxKind, inputs?: string[], layer?: number) => Box} */
    const box = (id, kind, inputs = [], layer) => ({ id, kind, inputs, layer });
    const embeddingNorm = outerNorm(norm.embedding, `${side}.embedding_norm`);
    const layers = range(n_layers, (layer) => [
        ...sublayer(layer, "self_attention", `${side}_self`),
        ...(side === "decoder" ? sublayer(layer, "cross_attention", "cross", encoded) : []),
        ...sublayer(layer, "feed_forward", "feed_forward"),
    ]).flat();
    const inputs = [box(`${side}.embedding`, "embedding"), box(`${side}.positions`, "positions")];
    const finalNorm = outerNorm(norm.final, `${side}.final_norm`);
    const outputs = side === "decoder" ? [box("output", "linear", [x]), box("softmax", "softmax")] : [];
    return [...inputs, ...embeddingNorm, ...layers, ...finalNorm, ...outputs];
}

export const allBoxes = () => [...boxesOf("encoder"), ...boxesOf("decoder")];

// ---- the panel ----

export function drawBox() {
    const box = /** @type {Box} */ (allBoxes().find(({ id }) => id === view.box)),
        kind = KINDS[box.kind],
        computedBy = /** @type {keyof typeof places.functions} */ (places.boxes[box.kind]);
    byId("box").replaceChildren(
        html("h3", null, kind.title),
        paragraph(code(box.id)),
        html("p", { class: "formula" }, ...kind.formula(box.id).split("; ").map(formula)),
        ...(kind.note ? [note(kind.note)] : []),
        note("Computed by ", code(computedBy), " in ", code(places.functions[computedBy]), "."),
        ...PANELS[box.kind](box),
    );
    byId("box").scrollTop = 0;
}

/** @type {(names: string[]) => HTMLElement[]} */
const heatMaps = (names) => names.map((name) => heatMap(name, tensor(name), namesOfRows(name)));

/** @type {(title: string, ...content: HTMLElement[]) => HTMLElement[]} */
const part = (title, ...content) => [html("h4", null, title), ...content];

/** @type {(box: Box) => HTMLElement[]} */
const attentionPanel = ({ id, inputs }) => [
    ...part("Input", ...heatMaps(inputs)),
    ...part("Queries, keys, values", ...heatMaps([`${id}.query`, `${id}.key`, `${id}.value`])),
    paragraph(html("a", { href: "#attention", onclick: () => chooseHead(id, view.head) }, "Attention weights, step by step")),
    ...part("Output", ...heatMaps([id])),
];

/** @type {(box: Box) => HTMLElement[]} */
const normPanel = ({ id, inputs }) => [...part("Input", ...heatMaps(inputs)), ...part("Output", ...heatMaps([id]))];

/** The content of the panel, by kind of box.
 * @type {Record<BoxKind, (box: Box) => HTMLElement[]>} */
const PANELS = {
    embedding: ({ id }) => [
        ...part("Input", tokenIds(id)),
        ...part("Output, with the positional encoding added", ...heatMaps([id])),
    ],
    positions: ({ id }) => {
        const names = namesOfRows(id);
        return part("Output", heatMap(id, positionRows(stackName(id), names.length), names));
    },
    encoder_self: attentionPanel,
    decoder_self: attentionPanel,
    cross: attentionPanel,
    norm: normPanel,
    norm_alone: normPanel,
    norm_before: normPanel,
    add: normPanel,
    feed_forward: ({ id, inputs }) => [
        ...part("Input", ...heatMaps(inputs)),
        ...part("Inner layer", strongest(`${id}.inner`)),
        ...part("Output", ...heatMaps([id])),
    ],
    linear: ({ inputs }) => [...part("Input", ...heatMaps(inputs)), ...part("Output", logits())],
    softmax: () => [...part("Input", logits()), ...part("Output: the chosen piece at each step", chosenPieces())],
};

/** @type {(name: string) => HTMLElement} */
const tokenIds = (name) =>
    html(
        "p",
        { class: "ids" },
        ...(stackName(name) === "encoder" ? sentence().source : decoderTokens()).map((token) =>
            html("span", null, piece(token.piece), ` ${token.id ?? "start"}`),
        ),
    );

/** The largest numbers of each row of an inner layer, which is too wide to show in full.
 * @param {string} name */
function strongest(name) {
    const { rows, columns, strongest: all = [] } = sentence().trace[name],
        names = namesOfRows(name);
    const bodyRows = all.map(({ positive, numbers }, i) => {
        const pairs = numbers
            .filter(([, x]) => x !== 0)
            .map(([column, x]) => html("span", null, `${column}: `, html("b", null, format(x))));
        return tableRow([rowHeader(rowName(names[i])), cell(String(positive)), html("td", { class: "pairs" }, ...pairs)]);
    });
    return html(
        "figure",
        { class: "strongest", "data-tensor": name },
        html("figcaption", null, code(name), shape(rows, columns)),
        html(
            "div",
            { class: "scroll", tabindex: 0 },
            table(["row", "positive", "largest magnitudes, column: number"], bodyRows),
        ),
    );
}

const logits = () =>
    paragraph(
        code("output"),
        ": ",
        shape(sentence().target.length, checkpoint.n_target_vocabulary),
        " logits, one row per step. ",
        html("a", { href: "#decoding" }, "The most probable pieces, step by step"),
    );

function chosenPieces() {
    const { reading = [] } = sentence().trace.output;
    return table(
        [],
        decoderRows().map((name, t) => tableRow([rowHeader(rowName(name)), barCell(reading[t].chosen)])),
    );
}
